import type {
  Admitted,
  CallRequest,
  Decision,
  Settled,
  Settlement,
  Spendfuse,
} from "@spendfuse/core"
import { RequestFailed } from "@spendfuse/core"
import type { Caller } from "./keys.ts"
import type { CallRecord } from "./options.ts"

/** A request on its way through: what the log will say of it. */
export class Call {
  caller: Caller | null = null
  upstream: string | null = null
  model: string | null = null
  /** The caller's key does not allow the model. */
  isForbidden = false
  decision: Decision | null = null
  /** Called once, when it is over. */
  onOver: () => void = () => undefined
  readonly controller: AbortController = new AbortController()
  readonly #startMs = performance.now()
  readonly #onEnd: (call: Call, record: CallRecord) => void
  #settled: Settled | null = null
  #isOver = false
  #status: number | null = null
  #refused: string | null = null
  #waiting: (() => void) | null = null

  constructor(onEnd: (call: Call, record: CallRecord) => void) {
    this.#onEnd = onEnd
  }

  get settled(): Settled | null {
    return this.#settled
  }

  /** Something is held for it. */
  get isOpen(): boolean {
    return this.decision?.allowed === true && !this.#isOver
  }

  /** Its answer is on its way: it ends with its settle where something is held, and here where nothing is. */
  answered(status: number, refused: string | null): void {
    if (this.#status !== null) return
    this.#status = status
    this.#refused = refused
    this.#endIfOver()
  }

  counted(settled: Settled | null): void {
    this.#settled = settled
    this.#isOver = true
    this.#waiting?.()
    this.#endIfOver()
  }

  /** Until it is counted, and no longer than this. */
  async over(withinMs: number): Promise<void> {
    if (!this.isOpen) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs)
      this.#waiting = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #endIfOver(): void {
    if (this.#status === null || this.isOpen) return
    this.onOver()
    const { amounts = null, assumed = null } = this.#settled ?? {}
    this.#onEnd(this, {
      key: this.caller?.name ?? null,
      upstream: this.upstream,
      model: this.model,
      status: this.#status,
      costNanoUsd: amounts?.usd ?? null,
      tokens: amounts?.tokens ?? null,
      assumed: assumed !== null,
      refused: this.#refused,
      ms: Math.round((performance.now() - this.#startMs) * 10) / 10,
    })
  }
}

/** The same Spendfuse for guarded calls: each call, known by its signal, hears what becomes of it. */
export const heard = (spendfuse: Spendfuse, calls: WeakMap<AbortSignal, Call>): Spendfuse => ({
  ...spendfuse,
  get policy() {
    return spendfuse.policy
  },
  reserve: async (request: CallRequest): Promise<Decision> => {
    const call = request.signal === undefined ? undefined : calls.get(request.signal)
    if (call === undefined) return spendfuse.reserve(request)
    call.model = request.model ?? null
    if (call.caller?.allows(request.model ?? "") !== true) {
      call.isForbidden = true
      throw new RequestFailed("invalid-command", "the key does not allow this model")
    }
    const decision = await spendfuse.reserve(request)
    call.decision = decision
    if (!decision.allowed) return decision
    call.model = decision.model ?? call.model
    return new HeardCall(decision, call)
  },
})

class HeardCall implements Admitted {
  readonly allowed = true
  readonly #admitted: Admitted
  readonly #call: Call

  constructor(admitted: Admitted, call: Call) {
    this.#admitted = admitted
    this.#call = call
  }

  get reservation(): string {
    return this.#admitted.reservation
  }
  get request(): CallRequest {
    return this.#admitted.request
  }
  get lines(): Admitted["lines"] {
    return this.#admitted.lines
  }
  get model(): string | undefined {
    return this.#admitted.model
  }
  get provider(): string | undefined {
    return this.#admitted.provider
  }
  get via(): string | null {
    return this.#admitted.via
  }
  get maxOutputTokens(): number | null {
    return this.#admitted.maxOutputTokens
  }
  get heldTokens(): number {
    return this.#admitted.heldTokens
  }
  get held(): Admitted["held"] {
    return this.#admitted.held
  }
  get priceSource(): Admitted["priceSource"] {
    return this.#admitted.priceSource
  }
  get withoutStore(): boolean {
    return this.#admitted.withoutStore
  }
  readonly extend: Admitted["extend"] = (tokens) => this.#admitted.extend(tokens)

  readonly settle = async (settlement: Settlement): Promise<Settled> => {
    const settled = await this.#admitted.settle(settlement)
    if (settlement.final !== false) this.#call.counted(settled)
    return settled
  }

  readonly release = async (): Promise<void> => {
    await this.#admitted.release().finally(() => this.#call.counted(null))
  }

  readonly assume = async (): Promise<Settled> => {
    try {
      const settled = await this.#admitted.assume()
      this.#call.counted(settled)
      return settled
    } catch (error) {
      this.#call.counted(null)
      throw error
    }
  }
}

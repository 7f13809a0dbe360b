import {
  type Admitted,
  type Decision,
  RequestFailed,
  type Settled,
  type Settlement,
  type Spendfuse,
  WrappedCall,
  wrapSpendfuse,
} from "@spendfuse/core"
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
export const heard = (spendfuse: Spendfuse, calls: WeakMap<AbortSignal, Call>): Spendfuse =>
  wrapSpendfuse(spendfuse, {
    reserve: async (request) => {
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

class HeardCall extends WrappedCall {
  readonly #heard: Call

  constructor(admitted: Admitted, heardBy: Call) {
    super(admitted)
    this.#heard = heardBy
  }

  override async settle(settlement: Settlement): Promise<Settled> {
    const settled = await super.settle(settlement)
    if (settlement.final !== false) this.#heard.counted(settled)
    return settled
  }

  override async release(): Promise<void> {
    await super.release().finally(() => this.#heard.counted(null))
  }

  override async assume(): Promise<Settled> {
    try {
      const settled = await super.assume()
      this.#heard.counted(settled)
      return settled
    } catch (error) {
      this.#heard.counted(null)
      throw error
    }
  }
}

import {
  type Admitted,
  formatUsd,
  RequestFailed,
  type Settled,
  type Settlement,
  type Spendfuse,
  type Subject,
} from "@spendfuse/core"
import type { GuardedFetch } from "../fetch/guardedFetch.ts"
import type { HostOptions } from "./options.ts"
import { leftOfRead, rateLimitHeaders } from "./rateLimit.ts"
import { faultOf, refusalOf } from "./refusal.ts"
import type { Spend } from "./spend.ts"

/** What every request of one middleware shares. */
export interface Serving<HostRequest> {
  readonly spendfuse: Spendfuse
  readonly options: HostOptions<HostRequest>
  readonly guarded: GuardedFetch
}

/** A request on its way through a host: decided at its start, ended with its answer. */
export class Served implements Spend {
  readonly subject: Subject
  readonly granted: Admitted | null
  /** For the answer's head, as far as it is not sent. */
  readonly headers: Readonly<Record<string, string>>
  /** The answer to the last call by `fetch` that was refused: what its SDK made an error of. */
  refusal: Response | null = null
  /** Called where a settle makes headers, until the answer's head is sent. */
  onHeaders: (headers: Readonly<Record<string, string>>) => void = () => undefined
  /** Called once, where somebody wants to know when the client goes. */
  onSignal: (() => void) | null = null
  readonly #serving: Pick<Serving<never>, "guarded"> & { readonly options: Ending }
  readonly #client = new AbortController()
  #fetch: typeof fetch | null = null
  #isSettled = false
  #hasEnded = false

  constructor(
    serving: Pick<Serving<never>, "guarded"> & { readonly options: Ending },
    decided: Pick<Served, "subject" | "granted" | "headers">,
  ) {
    this.#serving = serving
    this.subject = decided.subject
    this.granted = decided.granted
    this.headers = decided.headers
  }

  get signal(): AbortSignal {
    const tie = this.onSignal
    this.onSignal = null
    tie?.()
    return this.#client.signal
  }

  /** Something is held that the handler has neither settled nor released. */
  get isOpen(): boolean {
    return this.granted !== null && !this.#isSettled
  }

  get fetch(): typeof fetch {
    this.#fetch ??= this.#guardedFetch()
    return this.#fetch
  }

  async settle(settlement: Settlement): Promise<Settled> {
    if (this.granted === null)
      throw new Error("nothing was held for this request; give the middleware `reserve`")
    if (settlement.final !== false) this.#isSettled = true
    const settled = await this.granted.settle(settlement)
    this.onHeaders(costHeaders(settled))
    return settled
  }

  async release(): Promise<void> {
    this.#isSettled = true
    await this.granted?.release()
  }

  /** The client has gone before its answer had ended. */
  gone(): void {
    this.#client.abort(new DOMException("the client has gone", "AbortError"))
    this.ended(null)
  }

  /**
   * The answer has ended with a status; null where it did not end. What is held is settled by the handler
   * within the grace, or counted here.
   */
  ended(status: number | null): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const { granted } = this
    if (granted === null || !this.isOpen) return
    const { graceMs = GRACE_MS, isFree = is4xx, onError = warn } = this.#serving.options
    const timer = setTimeout(() => {
      if (!this.isOpen) return
      const end = status !== null && isFree(status) ? granted.release() : granted.assume()
      end.catch(onError)
    }, graceMs)
    const { unref } = timer as { unref?: () => unknown }
    unref?.call(timer)
  }

  #guardedFetch(): typeof fetch {
    const guarded = this.#serving.guarded.for(this.subject)
    return async (input, init) => {
      const own = init?.signal ?? (input instanceof Request ? input.signal : null)
      const signal = own === null ? this.signal : AbortSignal.any([own, this.signal])
      const response = await guarded(input, { ...init, signal })
      if (response.headers.has("x-spendfuse-reason") || response.headers.has("x-spendfuse-fault"))
        this.refusal = response.clone()
      return response
    }
  }
}

type Ending = Pick<HostOptions<never>, "graceMs" | "isFree" | "onError">

/** Decides a request: served, or answered at once. @throws what the host's own functions throw, and StoreUnavailable */
export const serve = async <HostRequest>(
  serving: Serving<HostRequest>,
  request: HostRequest,
): Promise<Served | Response> => {
  const { spendfuse, options } = serving
  const subject = await options.subject(request)
  const reserving = (await options.reserve?.(request)) ?? null
  if (reserving === null) return new Served(serving, { subject, granted: null, headers: {} })
  try {
    const decision = await spendfuse.reserve({ ...reserving, subject })
    if (!decision.allowed) return await refusalOf(spendfuse, options, request, decision)
    const headers = await headersOf(serving, decision)
    return new Served(serving, { subject, granted: decision, headers })
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error
    return faultOf(options.shape?.(request) ?? "problem", error.error, error.message)
  }
}

const headersOf = async <HostRequest>(
  { spendfuse, options }: Serving<HostRequest>,
  { lines, model, provider, request }: Admitted,
): Promise<Readonly<Record<string, string>>> => {
  const { rateLimit = "requests", readsRemaining = false, onError = warn } = options
  if (rateLimit === "none") return {}
  const call = {
    ...(model !== undefined && { model }),
    ...(provider !== undefined && { provider }),
  }
  const read = readsRemaining
    ? await spendfuse.remaining(request.subject, call).catch((error: unknown) => {
        onError(error)
        return []
      })
    : []
  return rateLimitHeaders(lines, rateLimit, leftOfRead(read), Date.now())
}

const costHeaders = ({ amounts, assumed }: Settled): Readonly<Record<string, string>> => ({
  "x-spendfuse-cost-usd": formatUsd(amounts.usd),
  ...(amounts.tokens > 0 && { "x-spendfuse-tokens": String(amounts.tokens) }),
  ...(assumed !== null && { "x-spendfuse-assumed": "true" }),
})

const GRACE_MS = 5_000

const is4xx = (status: number): boolean => status >= 400 && status < 500

/** The name alone: a message may hold what a log must not. */
export const warn = (error: unknown): void =>
  console.warn(
    `[spendfuse] a request was not decided or not counted: ${error instanceof Error ? error.name : "unknown error"}`,
  )

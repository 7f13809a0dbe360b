import type {
  CallRequest,
  Decision,
  DomainEvent,
  Refused,
  Remaining,
  Spendfuse,
  Subject,
} from "@spendfuse/core"
import { RequestFailed } from "@spendfuse/core"
import { type GuardedFetch, guardedFetch } from "../fetch/guardedFetch.ts"
import type { SessionContext } from "./context.ts"
import { besideKept, isForMoney, type Kept } from "./kept.ts"
import type { OpenOptions, Session, SessionsOptions, TierEvent } from "./options.ts"
import type { Tokens } from "./token.ts"

/** What all sessions of a host share. */
export interface SharedBySessions {
  readonly spendfuse: Spendfuse
  readonly options: SessionsOptions
  readonly context: SessionContext
  readonly tokens: Tokens
  readonly nowMs: () => number
  /** Those that listen to their tiers. */
  readonly listening: Set<OpenedSession>
  readonly open: (
    subject: Subject,
    options: OpenOptions,
    above: readonly Kept[],
  ) => Promise<Session | Refused>
}

/** One session of this process. */
export class OpenedSession implements Session {
  readonly allowed = true
  readonly subject: Subject
  readonly fetch: GuardedFetch
  readonly finalFetch: GuardedFetch
  readonly #shared: SharedBySessions
  /** Its own, if it keeps anything, and those of the sessions that it is within. */
  readonly #own: Kept | null
  readonly #kept: readonly Kept[]
  readonly #accounts: Set<string>
  readonly #listeners = new Set<(event: TierEvent) => void>()

  constructor(
    shared: SharedBySessions,
    subject: Subject,
    keeps: { readonly own: Kept | null; readonly above: readonly Kept[] },
    accounts: readonly string[],
  ) {
    this.#shared = shared
    this.subject = subject
    this.#own = keeps.own
    this.#kept = keeps.own === null ? keeps.above : [keeps.own, ...keeps.above]
    this.#accounts = new Set(accounts)
    this.fetch = this.#fetchFor(false)
    this.finalFetch = this.#fetchFor(true)
  }

  async reserve(
    request: Omit<CallRequest, "subject">,
    how: { readonly isFinal?: boolean } = {},
  ): Promise<Decision> {
    const { subject } = this
    const decision = await this.#decide({ ...request, subject }, how.isFinal ?? false)
    for (const { account } of decision.lines) this.#accounts.add(account)
    return decision
  }

  remaining(
    call: { readonly model?: string; readonly provider?: string } = {},
  ): Promise<readonly Remaining[]> {
    return this.#shared.spendfuse.remaining(this.subject, call)
  }

  onTier(listener: (event: TierEvent) => void): () => void {
    this.#listeners.add(listener)
    this.#shared.listening.add(this)
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.#shared.listening.delete(this)
    }
  }

  /** An event of any account; told on where it is a tier of this session's. */
  hear(event: DomainEvent): void {
    if (event.kind !== "tier" || !this.#accounts.has(event.account)) return
    for (const listener of [...this.#listeners]) listener(event)
  }

  child(more: Subject, options: OpenOptions = {}): Promise<Session | Refused> {
    for (const [name, value] of Object.entries(more))
      if (Object.hasOwn(this.subject, name) && this.subject[name] !== value)
        return Promise.reject(
          new RequestFailed(
            "invalid-command",
            `a helper cannot change \`${name}\` of its session; name another dimension`,
          ),
        )
    return this.#shared.open({ ...this.subject, ...more }, options, this.#kept)
  }

  token(): Promise<string> {
    const { tokens, options, nowMs } = this.#shared
    const keptBack = this.#kept.filter(({ isGone }) => !isGone).map(({ amounts }) => amounts)
    const expiresAtMs = nowMs() + (options.tokenLifeMs ?? TOKEN_LIFE_MS)
    return tokens.sign({ subject: this.subject, keptBack, expiresAtMs })
  }

  run<Value>(work: () => Value): Value {
    return this.#shared.context.run(this, false, work)
  }

  async close(): Promise<void> {
    this.#listeners.clear()
    this.#shared.listening.delete(this)
    await this.#own?.giveBack(this.#shared.spendfuse)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Asks without a wait first: for what is kept back nobody waits. */
  async #decide(request: CallRequest, isFinal: boolean): Promise<Decision> {
    const { spendfuse } = this.#shared
    if (!this.#kept.some(({ isGone }) => !isGone)) return spendfuse.reserve(request)
    const first = await spendfuse.reserve({ ...request, waitMs: 0 })
    if (first.allowed) return first
    if (isFinal) {
      const within = this.#withinKept(first, request)
      if (within !== null) return within
    } else {
      const told = besideKept(first, this.#kept)
      if (told !== null) return told
    }
    return first.reason === "busy" && request.waitMs !== 0 ? spendfuse.reserve(request) : first
  }

  #withinKept(first: Refused, request: CallRequest): Decision | null {
    const own = this.#own
    if (own === null || own.hold === null || !isForMoney(first)) return null
    const { sliceTokens: _, ...whole } = request
    const within = this.#shared.spendfuse.reserveWithin(own.hold, whole)
    return within.allowed ? within : null
  }

  #fetchFor(isFinal: boolean): GuardedFetch {
    const { spendfuse, options } = this.#shared
    const reserve = (request: CallRequest): Promise<Decision> => this.reserve(request, { isFinal })
    // Above it, so that what is read of a policy is the one of the moment.
    const own: Spendfuse = Object.create(spendfuse, { reserve: { value: reserve } })
    return guardedFetch(own, { ...options.fetch, subject: this.subject })
  }
}

const TOKEN_LIFE_MS = 3_600_000

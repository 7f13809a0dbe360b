import type { Charge, CommandId, Line } from "../domain/command.ts"
import type { Obstacle } from "../domain/outcome.ts"
import type { Policy } from "../domain/policy.ts"
import { type Amounts, NOTHING } from "../domain/terms.ts"
import { viewOf } from "../domain/view.ts"
import type { Store } from "../ports/Store.ts"
import type { Notice } from "./notice.ts"
import type { Numbered, Sender, Unsent } from "./send.ts"

/** Nothing is sent again that was first sent longer ago than this. */
const RESENT_FOR_MS = 12 * 3_600_000
const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 5_000

interface Post {
  readonly unsent: Unsent
  numbered: Numbered | null
  /** The Reserve whose answer is missing: its number counts as answered once this is. */
  readonly reserve: Numbered | null
  readonly sinceMs: number
}

/**
 * What happens without the store: what was spent meanwhile is posted when it is back, once, into its own
 * periods; and how much a host may spend by itself while it is away.
 */
export class Unavailable {
  readonly #sender: Sender
  readonly #onNotice: (notice: Notice) => void
  readonly #random: () => number
  readonly #monotonicMs: () => number
  readonly #posts: Post[] = []
  readonly #known = new Map<string, Known>()
  #timer: ReturnType<typeof setTimeout> | null = null
  #delayMs = RETRY_FIRST_MS
  #downUntilMs = 0
  #flushing: Promise<void> | null = null

  constructor(options: {
    sender: Sender
    onNotice: (notice: Notice) => void
    random: () => number
    monotonicMs: () => number
  }) {
    this.#sender = options.sender
    this.#onNotice = options.onNotice
    this.#random = options.random
    this.#monotonicMs = options.monotonicMs
  }

  /** The store was asked a moment ago and did not answer: it is not asked for each call. */
  get isDown(): boolean {
    return this.#downUntilMs > 0 && this.#monotonicMs() < this.#downUntilMs
  }

  markDown(): void {
    this.#downUntilMs = this.#monotonicMs() + RETRY_FIRST_MS * (2 + 2 * this.#random())
    this.#schedule()
  }

  markUp(): void {
    if (this.#downUntilMs === 0) return
    this.#downUntilMs = 0
    for (const known of this.#known.values()) known.spent = 0
    if (this.#posts.length > 0) void this.flush()
  }

  /** Whether a command must wait for those before it. */
  get isPosting(): boolean {
    return this.#posts.length > 0
  }

  /** To be sent until it is answered; `numbered` where it was sent already, under that number. */
  post(unsent: Unsent, numbered: Numbered | null, reserve: Numbered | null): void {
    this.#posts.push({ unsent, numbered, reserve, sinceMs: this.#monotonicMs() })
    this.#schedule()
  }

  /** Sends what is waiting, in order, until one is not answered. */
  flush(): Promise<void> {
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = null
    })
    return this.#flushing
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const post of this.#posts) this.#giveUp(post, "the engine was closed")
    this.#posts.length = 0
  }

  /** What an answer says of its lines, for the time when there is none. */
  learn(lines: readonly Line[], obstacles: readonly Obstacle[]): void {
    for (const line of lines) {
      const known = this.#knownOf(line.account)
      known.refusing = false
    }
    for (const obstacle of obstacles) {
      if (obstacle.kind === "switch") this.#knownOf(obstacle.switch).refusing = true
      else {
        const known = this.#knownOf(obstacle.account)
        known.remaining = obstacle.remaining
        known.refusing = obstacle.reason === "latched"
      }
    }
  }

  /** The room of an account as it was read. */
  learnRoom(account: string, remaining: number, latched: boolean): void {
    const known = this.#knownOf(account)
    known.remaining = remaining
    known.refusing = latched
  }

  /** Reads what is left of each account in the background, at most once a second each. */
  readRoom(store: Store, lines: readonly Line[], atMs: number): void {
    const stale = lines.filter(({ account }) => {
      const known = this.#knownOf(account)
      const old = atMs - known.readAtMs >= ROOM_READ_EACH_MS
      if (old) known.readAtMs = atMs
      return old
    })
    if (stale.length === 0) return
    store.read(stale.map(({ account }) => account)).then(
      (records) => {
        for (const [at, line] of stale.entries()) {
          const record = records[at]
          if (record === undefined) continue
          const view = viewOf(record.account, line, record.storeTimeMs)
          this.learnRoom(line.account, view.remaining, view.circuit === "latched")
        }
      },
      () => undefined,
    )
  }

  /** A last known latch or switch that refuses in every mode. */
  refuses(lines: readonly Line[], switches: readonly string[]): boolean {
    return (
      lines.some(({ account }) => this.#known.get(account)?.refusing === true) ||
      switches.some((key) => this.#known.get(key)?.refusing === true)
    )
  }

  /** Takes `amount` of the share of the last known room; false where it does not fit or nothing is known. */
  takeShare(policy: Policy, lines: readonly Line[], amounts: Amounts): boolean {
    const { onStoreUnavailable: rule } = policy
    if (rule.kind !== "degrade") return rule.kind === "allow"
    for (const line of lines) {
      const known = this.#known.get(line.account)
      if (known === undefined || known.remaining === null) return false
      const share = Math.floor((known.remaining * rule.sharePercent) / 100 / rule.hosts)
      if (known.spent + amounts[line.terms.unit] > share) return false
    }
    for (const line of lines) this.#knownOf(line.account).spent += amounts[line.terms.unit]
    return true
  }

  giveBackShare(lines: readonly Line[], amounts: Amounts): void {
    for (const line of lines) {
      const known = this.#knownOf(line.account)
      known.spent = Math.max(0, known.spent - amounts[line.terms.unit])
    }
  }

  #knownOf(account: string): Known {
    const found = this.#known.get(account)
    if (found !== undefined) return found
    if (this.#known.size >= KNOWN_MAX) {
      const oldest = this.#known.keys().next()
      if (oldest.done !== true) this.#known.delete(oldest.value)
    }
    const made: Known = { remaining: null, refusing: false, spent: 0, readAtMs: 0 }
    this.#known.set(account, made)
    return made
  }

  async #flush(): Promise<void> {
    for (;;) {
      const [post] = this.#posts
      if (post === undefined) break
      if (this.#monotonicMs() - post.sinceMs > RESENT_FOR_MS) this.#giveUp(post, "12 hours passed")
      else if (!(await this.#send(post))) return
      this.#posts.shift()
    }
    this.#delayMs = RETRY_FIRST_MS
    this.markUp()
  }

  async #send(post: Post): Promise<boolean> {
    try {
      post.numbered ??= await this.#sender.number(post.unsent)
      const outcome = await this.#sender.send(post.numbered)
      if (outcome.kind === "error" && outcome.error === "unknown-source") {
        this.#sender.rename()
        post.numbered = null
        return this.#send(post)
      }
      if (outcome.kind === "error" && outcome.error === "unknown-reservation") return true
      if (outcome.kind === "error" && outcome.error !== "not-running")
        this.#giveUp(post, outcome.detail)
      if (post.reserve !== null) this.#sender.abandon(post.reserve)
      return true
    } catch {
      this.#schedule()
      return false
    }
  }

  #schedule(): void {
    if (this.#timer !== null) return
    const delayMs = this.#delayMs * (0.5 + this.#random())
    this.#delayMs = Math.min(this.#delayMs * 2, RETRY_MAX_MS)
    this.#timer = setTimeout(() => {
      this.#timer = null
      if (this.#posts.length > 0) void this.flush()
    }, delayMs)
    unref(this.#timer)
  }

  #giveUp(post: Post, why: string): void {
    if (post.reserve !== null) this.#sender.abandon(post.reserve)
    const { unsent } = post
    if (unsent.kind === "release") return
    const amounts =
      "amounts" in unsent ? unsent.amounts : "actual" in unsent ? unsent.actual : NOTHING
    const lines = "lines" in unsent ? unsent.lines : []
    this.#onNotice({
      kind: "unposted",
      accounts: lines.map(({ account }) => account),
      amounts,
      message: `spend was not posted: ${why}`,
    })
  }
}

/** A charge of what was spent without a hold, or while a Reserve's answer was missing. */
export const chargeOf = (
  division: string,
  lines: readonly Line[],
  amounts: Amounts,
  ends: CommandId | null,
): Omit<Charge, "id" | "done"> => ({ kind: "charge", division, lines, amounts, ends })

interface Known {
  remaining: number | null
  refusing: boolean
  spent: number
  readAtMs: number
}

const ROOM_READ_EACH_MS = 1_000

const KNOWN_MAX = 100_000

/** Lets the process end while the timer runs, where the runtime knows that. */
export const unref = (timer: unknown): void => {
  if (typeof timer === "object" && timer !== null && "unref" in timer)
    (timer as { unref: () => void }).unref()
}

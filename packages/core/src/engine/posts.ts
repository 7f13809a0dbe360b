import type { Charge, CommandId, Line } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import { type Amounts, NOTHING } from "../domain/terms.ts"
import type { Notice } from "./notice.ts"
import type { Numbered, Sender, Unsent } from "./send.ts"
import type { StoreCircuit } from "./storeCircuit.ts"
import { unref } from "./timers.ts"

/** Something that must reach the store, whenever it answers again. */
export interface Post {
  readonly unsent: Unsent
  /** Where it was sent already: it is sent again under that number. */
  readonly numbered: Numbered | null
  /** The Reserve whose answer is missing: its number counts as answered once this is. */
  readonly reserve: Numbered | null
  /** Whose money it is, for the notice where it cannot be posted. */
  readonly lines: readonly Line[]
  /** Money that no hold covers, a latch that the store lost: nothing is admitted before it is there. */
  readonly goesFirst: boolean
}

export interface PostsOptions {
  readonly sender: Sender
  readonly circuit: StoreCircuit
  readonly onNotice: (notice: Notice) => void
  /** The store has taken what ends a hold on these lines. */
  readonly onPosted: (lines: readonly Line[]) => void
  readonly random: () => number
  readonly monotonicMs: () => number
}

/** Nothing is sent again that was first sent longer ago than this. */
const RESENT_FOR_MS = 12 * 3_600_000
const RETRY_FIRST_MS = 250
const RETRY_MAX_MS = 5_000
const AT_ONCE = 16
const POSTS_MAX = 100_000
/** A store that answers others, and this one never, will not: it must not hold up everybody. */
const REFUSALS_MAX = 20

/** What was spent or ended while the store gave no answer: sent until it is answered, and counted once. */
export class Posts {
  readonly #options: PostsOptions
  #posts: Pending[] = []
  #first = 0
  #timer: ReturnType<typeof setTimeout> | null = null
  #delayMs = RETRY_FIRST_MS
  #flushing: Promise<void> | null = null
  #isStopped = false

  constructor(options: PostsOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#posts.length === 0
  }

  /** Whether something must be there before the store is asked to admit anything. */
  get goesFirst(): boolean {
    return this.#first > 0
  }

  /** Sent at once where the store answers, else when it does. */
  post(post: Post): void {
    const pending = {
      ...post,
      sinceMs: post.numbered?.firstSentAtMs || this.#options.monotonicMs(),
    }
    if (this.#isStopped || this.#posts.length >= POSTS_MAX) {
      this.#giveUp(pending, this.#isStopped ? "the engine was closed" : "too much waits already")
      return
    }
    this.#posts.push(pending)
    if (post.goesFirst) this.#first += 1
    if (this.#options.circuit.isClosed) void this.flush()
    else this.#schedule()
  }

  /** Sends what is waiting until the store gives no answer. */
  flush(): Promise<void> {
    if (this.#posts.length === 0) return Promise.resolve()
    this.#flushing ??= this.#flush().finally(() => {
      this.#flushing = null
    })
    return this.#flushing
  }

  /** One last try; what the store does not take is told as `unposted`. */
  async stop(): Promise<void> {
    await this.flush()
    this.#isStopped = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    for (const post of this.#posts) this.#giveUp(post, "the engine was closed")
    this.#posts = []
    this.#first = 0
  }

  async #flush(): Promise<void> {
    // Posts begin in a turn of their own, so that whoever posts has ended its own step.
    await Promise.resolve()
    while (this.#posts.length > 0) {
      const batch = this.#posts.slice(0, AT_ONCE)
      const sent = await Promise.all(batch.map((post) => this.#send(post)))
      const gone = new Set(batch.filter((_, at) => sent[at]))
      this.#posts = this.#posts.filter((post) => !gone.has(post))
      for (const post of gone) if (post.goesFirst) this.#first -= 1
      if (gone.size === batch.length) continue
      this.#schedule()
      return
    }
    this.#delayMs = RETRY_FIRST_MS
  }

  /** Whether it is done with, one way or the other. */
  async #send(post: Pending): Promise<boolean> {
    const { sender, circuit, monotonicMs } = this.#options
    const wasSent = post.numbered !== null
    if (wasSent && monotonicMs() - post.sinceMs > RESENT_FOR_MS) {
      this.#giveUp(post, "12 hours passed without an answer")
      return true
    }
    try {
      if (post.numbered === null) {
        post.numbered = await sender.number(post.unsent)
        post.sinceMs = post.numbered.firstSentAtMs || monotonicMs()
      }
      const { id, division } = post.numbered.command
      const outcome = await sender.send(post.numbered)
      circuit.answered()
      if (sender.isRenamed(outcome, id, division)) return this.#sendAnew(post, outcome)
      this.#done(post, outcome, wasSent)
      return true
    } catch (error) {
      const isDown = !circuit.hasAnsweredSince(post.failedAt ?? 0)
      circuit.failed()
      post.failedAt = circuit.answers
      post.refusals = isDown ? 0 : (post.refusals ?? 0) + 1
      const isCorrupt = (error as { _tag?: unknown })._tag === "StoreCorrupt"
      if (!isCorrupt && post.refusals < REFUSALS_MAX) return false
      this.#giveUp(post, (error as Error).message)
      return true
    }
  }

  #sendAnew(post: Pending, outcome: Outcome): Promise<boolean> | boolean {
    post.numbered = null
    if (outcome.kind === "error" && outcome.error === "unknown-source") {
      post.isLost = true
      return this.#send(post)
    }
    this.#giveUp(post, "nobody knows whether it was counted")
    return true
  }

  #done(post: Pending, outcome: Outcome, wasSent: boolean): void {
    if (outcome.kind === "error" && outcome.error !== "not-running") {
      const isSettle = post.unsent.kind === "settle"
      if (outcome.error === "unknown-reservation" && isSettle && !wasSent && post.isLost !== true)
        this.post({ ...post, numbered: null, unsent: chargeInstead(post), goesFirst: true })
      else this.#giveUp(post, outcome.detail)
      return
    }
    if (post.reserve !== null) this.#options.sender.abandon(post.reserve)
    this.#options.onPosted(post.lines)
  }

  #schedule(): void {
    if (this.#timer !== null || this.#isStopped) return
    const delayMs = this.#delayMs * (0.5 + this.#options.random())
    this.#delayMs = Math.min(this.#delayMs * 2, RETRY_MAX_MS)
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.flush()
    }, delayMs)
    unref(this.#timer)
  }

  #giveUp(post: Pending, why: string): void {
    const { unsent, lines, reserve, numbered } = post
    if (numbered !== null) this.#options.sender.abandon(numbered)
    if (reserve !== null) this.#options.sender.abandon(reserve)
    const amounts = amountsOf(unsent)
    if (amounts === null) return
    this.#options.onNotice({
      kind: "unposted",
      accounts: lines.map(({ account }) => account),
      amounts,
      message: `spend was not posted: ${why}`,
    })
  }
}

interface Pending extends Omit<Post, "numbered"> {
  numbered: Numbered | null
  sinceMs: number
  /** Answers of the store when it last failed, and failures since with answers to others between. */
  failedAt?: number
  refusals?: number
  /** It was sent under a name that the store has forgotten. */
  isLost?: boolean
}

const amountsOf = (unsent: Unsent): Amounts | null =>
  unsent.kind === "charge" ? unsent.amounts : unsent.kind === "settle" ? unsent.actual : null

const chargeInstead = ({ unsent, lines }: Pending): Unsent =>
  chargeOf({
    division: unsent.division,
    lines,
    amounts: amountsOf(unsent) ?? NOTHING,
    ends: "reservation" in unsent ? unsent.reservation : null,
  })

/** A charge of what was spent without a hold, or while a Reserve's answer was missing. */
export const chargeOf = (charge: {
  readonly division: string
  readonly lines: readonly Line[]
  readonly amounts: Amounts
  readonly ends: CommandId | null
}): Omit<Charge, "id" | "done"> => ({ kind: "charge", ...charge })

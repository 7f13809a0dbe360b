import { type Command, type CommandId, type Line, SKEW_MAX_MS } from "../../domain/command.ts"
import type { Amounts, Terms } from "../../domain/terms.ts"
import { DAY_MS, HOUR_MS } from "../../domain/time.ts"
import { type Period, periodAt } from "../../domain/window.ts"
import type { History, Move, Step, Time } from "./history.ts"
import { type KIND_NAMES, kindOf, scaled } from "./kinds.ts"
import { type Names, SHARED } from "./names.ts"

/** Commands that are sent at once, at an instant of the store's clock. */
export interface Batch {
  readonly atMs: number
  readonly commands: readonly Command[]
}

/** What a plan is made with. */
export interface PlanOptions {
  readonly names: Names
  /** The history's first instant is counted from here; a whole number of hours. */
  readonly epochMs: number
  /** Whether a command of one division may have lines in `*`. */
  readonly spansDivisions: boolean
}

/** The commands of a history, by batches; they hang on nothing that the store answers. */
export const planOf = (history: History, options: PlanOptions): readonly Batch[] => {
  const planner = new Planner(history, options)
  const batches: { atMs: number; commands: Command[] }[] = []
  for (const step of history.steps) {
    const atMs = planner.moveClock(step)
    const command = planner.commandOf(step)
    if (command === undefined) continue
    const last = batches.at(-1)
    if (last !== undefined && last.atMs === atMs && !step.flush) last.commands.push(command)
    else batches.push({ atMs, commands: [command] })
  }
  return batches
}

/** The account at a place of a history's pool, and the division it lies in. */
export const accountAt = (
  history: History,
  names: Names,
  at: number,
): { readonly account: string; readonly division: string; readonly kind: Name } => {
  const kind = history.pool[at % history.pool.length] ?? "plain"
  const place = PLACES[at % PLACES.length] ?? 0
  return { account: names.account(kind, at), division: names.division(place), kind }
}

type Name = (typeof KIND_NAMES)[number]

/** Two accounts in the first division, one in the second, one in `*`. */
const PLACES: readonly number[] = [0, 0, 1, SHARED]

/** Nobody sends a command again that was first sent longer ago. */
export const AGAIN_MAX_MS: number = 12 * HOUR_MS

const person = { by: "ann \u0000", why: "law \ud800" }

class Planner {
  readonly #history: History
  readonly #options: PlanOptions
  readonly #sent: Command[] = []
  readonly #sentAtMs: number[] = []
  readonly #numbers = new Map<string, { last: number; done: number }>()
  /** The same list for the same lines, as an engine has it. */
  readonly #lists = new Map<string, readonly Line[]>()
  #nowMs: number
  #latestMs: number

  constructor(history: History, options: PlanOptions) {
    this.#history = history
    this.#options = options
    this.#nowMs = options.epochMs + history.startMs
    this.#latestMs = this.#nowMs
  }

  /** A clock goes back by ten minutes at most: what does not count then may be forgotten. */
  moveClock({ time }: Step): number {
    const edgeMs = time.kind === "later" ? this.#nowMs : this.#nextOf(time)
    this.#nowMs = Math.max(edgeMs + time.ms, this.#latestMs - SKEW_MAX_MS)
    this.#latestMs = Math.max(this.#latestMs, this.#nowMs)
    return this.#nowMs
  }

  /** The next such edge; now where there is none in the next days. */
  #nextOf(time: Time): number {
    const next = Math.min(...this.#edges(time).filter((atMs) => atMs > this.#nowMs))
    return next < this.#nowMs + 3 * DAY_MS ? next : this.#nowMs
  }

  #edges(time: Time): readonly number[] {
    switch (time.kind) {
      case "since":
        return this.#sentAtMs.map((sentAtMs) => sentAtMs + time.lengthMs)
      case "named":
        return this.#sent.flatMap((command, at) => endsOf(command, this.#sentAtMs[at] ?? 0))
      case "kept":
        return this.#sent.flatMap((command) =>
          "lines" in command ? command.lines.map(({ period }) => period.keptUntilMs) : [],
        )
      default:
        return this.#history.pool.map(
          (kind) => periodAt(kindOf(kind, this.#history.scale).window, this.#nowMs).endMs,
        )
    }
  }

  commandOf(step: Step): Command | undefined {
    const { move } = step
    if (move.kind === "again") return this.#again(move)
    const command = this.#newCommand(step, move)
    this.#sent.push(command)
    this.#sentAtMs.push(this.#nowMs)
    return command
  }

  #again({ of, other }: Extract<Move, { kind: "again" }>): Command | undefined {
    const at = of % Math.max(1, this.#sent.length)
    const found = this.#sent[at]
    if (found === undefined || this.#nowMs - (this.#sentAtMs[at] ?? 0) > AGAIN_MAX_MS)
      return undefined
    if (!other) return found
    switch (found.kind) {
      case "reserve":
      case "extend":
        return { ...found, base: { ...found.base, tokens: 9 } }
      case "settle":
        return { ...found, actual: { ...found.actual, tokens: 9 } }
      case "charge":
        return { ...found, amounts: { ...found.amounts, tokens: 9 } }
      case "release":
        return { ...found, reservation: { ...found.reservation, n: found.reservation.n + 1 } }
      case "expire":
        return { ...found, kind: "release", reservation: found.id }
      default:
        return { ...found, why: "another" }
    }
  }

  #newCommand(step: Step, move: Exclude<Move, { kind: "again" }>): Command {
    const { names } = this.#options
    const own = accountAt(this.#history, names, "pick" in move ? move.pick : 0)
    // An operator's command about an account belongs to the account's division.
    const division =
      move.kind === "trip" || move.kind === "acknowledge"
        ? own.division
        : names.division(step.division)
    if (move.kind === "stranger")
      return {
        id: { source: names.source(7 + move.pick), n: 2 },
        done: 1,
        division,
        kind: "expire",
      }
    const head = { ...this.#headOf(step, division), division }
    switch (move.kind) {
      case "reserve":
        return this.#reserve(head, move)
      case "charge":
        return {
          ...head,
          kind: "charge",
          lines: this.#lines(division, move.picks, move.variant, this.#nowMs - move.backMs),
          amounts: this.#amounts(move.amount, move.off, 1),
          ends: move.ends === null ? null : { source: head.id.source, n: move.ends },
        }
      case "adjust": {
        const line = this.#line(move.pick, division, this.#nowMs - move.backMs)
        if (line === null) return { ...head, kind: "expire" }
        const amount = Math.sign(move.amount) * scaled(Math.abs(move.amount), this.#history.scale)
        return { ...head, ...person, kind: "adjust", line, amount }
      }
      case "switch": {
        const untilMs = move.untilMs === null ? null : this.#nowMs + move.untilMs
        return {
          ...head,
          ...person,
          kind: "switch",
          switch: this.#switchOf(division),
          state: move.state,
          untilMs,
        }
      }
      case "trip":
        return {
          ...head,
          ...person,
          kind: "trip",
          account: own.account,
          coolDownMs: move.coolDownMs,
        }
      case "acknowledge":
        return this.#acknowledge(head, move)
      case "expire":
        return { ...head, kind: "expire" }
      default:
        return this.#ofReservation(head, move)
    }
  }

  #reserve(head: Head, move: Extract<Move, { kind: "reserve" }>): Command {
    const issuedAtMs = this.#nowMs + move.issuedMs
    return {
      ...head,
      kind: "reserve",
      issuedAtMs,
      lines: this.#lines(head.division, move.picks, move.variant, issuedAtMs),
      switches: [this.#switchOf(head.division)],
      base: this.#amounts(move.base, move.off, move.requests),
      perUnit: this.#amounts(move.per, 0, 0),
      units: { least: move.least, most: move.least + move.more },
      expiresAtMs: this.#nowMs + move.lifeMs,
      via: move.via,
      swallowed: move.swallowed,
    }
  }

  /** Where divisions have nothing in common, each has a switch of its own. */
  #switchOf(division: string): string {
    const name = this.#options.names.switch()
    return this.#options.spansDivisions ? name : `${name}@${division}`
  }

  #acknowledge(head: Head, move: Extract<Move, { kind: "acknowledge" }>): Command {
    const { scale } = this.#history
    const line = this.#line(move.pick, head.division, this.#nowMs)
    if (line === null) return { ...head, kind: "expire" }
    return {
      ...head,
      ...person,
      kind: "acknowledge",
      account: line.account,
      generation: move.generation,
      upTo: scaled(move.upTo, scale),
      allow: move.allow === null ? null : scaled(move.allow, scale),
      line,
    }
  }

  #ofReservation(
    head: Head,
    move: Extract<Move, { kind: "settle" | "extend" | "release" }>,
  ): Command {
    const reservation = this.#meant(head, move)
    if (move.kind === "release") return { ...head, kind: "release", reservation }
    if (move.kind === "settle") {
      const actual = this.#amounts(move.actual, move.off, move.requests)
      return { ...head, kind: "settle", reservation, seq: move.seq, actual, final: move.final }
    }
    return {
      ...head,
      kind: "extend",
      reservation,
      issuedAtMs: this.#nowMs,
      base: this.#amounts(move.base, move.off, 0),
      perUnit: this.#amounts(move.per, 0, 0),
      units: { least: 0, most: move.most },
      expiresAtMs: move.lifeMs === null ? null : this.#nowMs + move.lifeMs,
    }
  }

  /** One of the latest reservations of the division; of a Release any number, made or not. */
  #meant(head: Head, move: { readonly kind: string; readonly of: number }): CommandId {
    const made = this.#sent.filter(
      ({ kind, division }) => kind === "reserve" && division === head.division,
    )
    const found = made.at(-1 - (move.of % Math.max(1, made.length)))?.id
    if (found === undefined || (move.kind === "release" && move.of > 10))
      return { source: head.id.source, n: move.of === 10 ? 0 : move.of + 1 }
    return found
  }

  #headOf(step: Step, division: string): Omit<Head, "division"> {
    const source = this.#options.names.source(step.source)
    const key = JSON.stringify([source, division])
    const numbers = this.#numbers.get(key) ?? { last: 0, done: 0 }
    this.#numbers.set(key, numbers)
    if (step.done) numbers.done = Math.max(numbers.done, numbers.last - 2)
    numbers.last += 1 + step.skip
    return { id: { source, n: numbers.last }, done: numbers.done }
  }

  /** Lines that a command of the division may have: its own, and where it may those of `*`. */
  #lines(
    division: string,
    picks: readonly number[],
    variant: number,
    atMs: number,
  ): readonly Line[] {
    const lines = picks.flatMap((at) => {
      const line = this.#lineAt(at, variant, atMs)
      const isOwn = line.division === division
      const isShared = this.#options.spansDivisions && line.division === "*"
      return isOwn || isShared ? line : []
    })
    const key = JSON.stringify(
      lines.map(({ account, period, terms }) => [account, period, terms.id]),
    )
    const known = this.#lists.get(key) ?? lines
    this.#lists.set(key, known)
    return known
  }

  /** A line that the division may have: the picked one, else the first of its own; null where it has none. */
  #line(pick: number, division: string, atMs: number): Line | null {
    const own = PLACES.findIndex((place) => this.#options.names.division(place) === division)
    const [picked] = this.#lines(division, [pick], 0, atMs)
    return picked ?? this.#lines(division, [own], 0, atMs)[0] ?? null
  }

  #lineAt(at: number, variant: number, atMs: number): Line {
    const { account, division, kind } = accountAt(this.#history, this.#options.names, at)
    const { window, variants } = kindOf(kind, this.#history.scale)
    const terms = variants[variant % variants.length] as Terms
    const period: Period = periodAt(window, atMs)
    return { account, division, period, terms }
  }

  #amounts(n: number, off: number, requests: number): Amounts {
    const amount = scaled(n, this.#history.scale, off)
    return { usd: amount, tokens: amount, requests }
  }
}

/** The instants at which something ends that a command began. */
const endsOf = (command: Command, sentAtMs: number): readonly number[] => {
  if (command.kind === "reserve") return [command.expiresAtMs]
  if (command.kind === "extend" && command.expiresAtMs !== null) return [command.expiresAtMs]
  if (command.kind === "switch" && command.untilMs !== null) return [command.untilMs]
  return command.kind === "trip" ? [sentAtMs + command.coolDownMs] : []
}

interface Head {
  readonly id: CommandId
  readonly done: number
  readonly division: string
}

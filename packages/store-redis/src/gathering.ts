import { type Command, formProblemOf, type Line } from "@spendfuse/core/domain"
import { type Applied, StoreCorrupt } from "@spendfuse/core/ports"
import type { Script } from "./client.ts"
import { faultOf } from "./errors.ts"
import type { Short } from "./shape.ts"
import type { Shelf } from "./shelf.ts"
import type { Many, StepContext } from "./steps.ts"

interface GatheringOptions {
  readonly shelf: Shelf
  readonly script: Script
  readonly many: Many
  /** What the script is told beside the commands of a division. */
  readonly contextOf: (division: string) => StepContext
  /** Whether the server is believed to have the command's terms. */
  readonly hasTerms: (command: Command) => boolean
  /** Applies one command by a run of its own. */
  readonly alone: (command: Command, signal: AbortSignal | undefined) => Promise<readonly Applied[]>
}

interface Waiting {
  readonly command: Command
  readonly signal: AbortSignal | undefined
  readonly resolve: (applied: readonly Applied[] | Promise<readonly Applied[]>) => void
  readonly reject: (fault: unknown) => void
}

/** Commands of one division that came in this turn of the event loop. */
interface Lane {
  readonly division: string
  waiting: Waiting[]
  /** How many runs in a row had to leave most to the full rules; a source's first one always does. */
  misses: number
  /** Until when commands go alone, by the process's clock, after too many of these. */
  restUntilMs: number
}

/**
 * Common Reserves and Settles that wait at once go together, in one run of the script. They are decided in
 * order; what that run leaves is sent alone.
 */
export class Gathering {
  readonly #options: GatheringOptions
  readonly #lanes = new Map<string, Lane>()
  #due: Lane[] = []

  constructor(options: GatheringOptions) {
    this.#options = options
  }

  /** Undefined where the command must go alone. */
  apply(
    command: Command,
    signal: AbortSignal | undefined,
  ): Promise<readonly Applied[]> | undefined {
    if (command.kind !== "reserve" && command.kind !== "settle") return undefined
    const lane = this.#laneOf(command.division)
    if (lane.restUntilMs !== 0 && performance.now() < lane.restUntilMs) return undefined
    if (!this.#isListed(command) || !this.#options.hasTerms(command)) return undefined
    if (formProblemOf(command) !== null) return undefined
    return new Promise((resolve, reject) => {
      lane.waiting.push({ command, signal, resolve, reject })
      if (lane.waiting.length > 1) return
      this.#due.push(lane)
      if (this.#due.length === 1) process.nextTick(this.#send)
    })
  }

  readonly #send = (): void => {
    const due = this.#due
    this.#due = []
    for (const lane of due) {
      const { waiting } = lane
      lane.waiting = []
      if (waiting.length === 1 || !this.#options.shelf.client.isReady) this.#sendAlone(waiting)
      else this.#sendTogether(lane, waiting)
    }
  }

  #sendAlone(waiting: readonly Waiting[]): void {
    const { alone } = this.#options
    for (const { command, signal, resolve } of waiting) resolve(alone(command, signal))
  }

  #sendTogether(lane: Lane, waiting: readonly Waiting[]): void {
    const { shelf, many, contextOf } = this.#options
    const context = contextOf(lane.division)
    const bySource = new Map<string, Group>()
    for (const one of waiting) {
      if (one.signal?.aborted === true) {
        one.reject(faultOf(shelf.name, one.signal.reason))
        continue
      }
      const short = many.shortOf(one.command, context)
      if (short === undefined) {
        this.#sendAlone([one])
        continue
      }
      const { source } = one.command.id
      let group = bySource.get(source)
      if (group === undefined || group.shorts.length >= TOGETHER_MAX) {
        if (group !== undefined) void this.#run(lane, group, context)
        group = { shorts: [], waiting: [] }
        bySource.set(source, group)
      }
      group.shorts.push(short)
      group.waiting.push(one)
    }
    for (const group of bySource.values()) void this.#run(lane, group, context)
  }

  async #run(lane: Lane, { shorts, waiting }: Group, context: StepContext): Promise<void> {
    if (waiting.length === 1) {
      this.#sendAlone(waiting)
      return
    }
    const { shelf, script, many } = this.#options
    try {
      const [reply] = await shelf.client.run([{ script, ...many.argumentsOf(shorts, context) }])
      if (reply?.ok !== true) throw faultOf(shelf.name, reply?.error)
      const answers = many.answersOf(reply.value)
      for (const [at, applied] of answers.entries()) waiting[at]?.resolve([applied])
      lane.misses = answers.length * 2 < waiting.length ? lane.misses + 1 : 0
      if (lane.misses >= MISSES_MAX) lane.restUntilMs = performance.now() + REST_MS
      this.#sendAlone(waiting.slice(answers.length))
    } catch (fault) {
      // What cannot be read is the fault of some; alone, the others are decided.
      if (fault instanceof StoreCorrupt) this.#sendAlone(waiting)
      else for (const { reject } of waiting) reject(fault)
    }
  }

  #laneOf(division: string): Lane {
    let lane = this.#lanes.get(division)
    if (lane === undefined) {
      if (this.#lanes.size >= LANES_MAX) this.#lanes.clear()
      lane = { division, waiting: [], misses: 0, restUntilMs: 0 }
      this.#lanes.set(division, lane)
    }
    return lane
  }

  #isListed(command: Command): boolean {
    const { divisions } = this.#options.shelf
    const names = "lines" in command ? divisionsOf(command.lines) : NONE
    return (
      divisions.listed(command.division) === null &&
      names.every((name) => name === command.division || divisions.listed(name) === null)
    )
  }
}

interface Group {
  readonly shorts: Short[]
  readonly waiting: Waiting[]
}

/** Of a list of lines, each once: an engine sends the same list again and again. */
const divisionsOf = (lines: readonly Line[]): readonly string[] => {
  let names = known.get(lines)
  if (names === undefined) {
    names = [...new Set(lines.map(({ division }) => division))]
    known.set(lines, names)
  }
  return names
}

const known = new WeakMap<readonly Line[], readonly string[]>()
const NONE: readonly string[] = []
/** One run keeps the server from all others. */
const TOGETHER_MAX = 64
const MISSES_MAX = 3
const REST_MS = 200
const LANES_MAX = 10_000

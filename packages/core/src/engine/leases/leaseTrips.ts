import type { Obstacle, RefusalReason } from "../../domain/outcome.ts"
import { PLATFORM, switchKey } from "../../domain/subject.ts"
import { NOTHING } from "../../domain/terms.ts"
import type { AccountRecord, Store } from "../../ports/Store.ts"
import type { HeldBy } from "../heldBy.ts"
import type { Notice } from "../notice.ts"
import type { Numbered } from "../send.ts"
import { unref } from "../timers.ts"
import { only, Part } from "./leasePart.ts"
import { refuses, type Slice } from "./leaseSlice.ts"

/** What the trips of slices need of the engine. */
export interface TripsBy extends HeldBy {
  readonly options: HeldBy["options"] & {
    readonly store: Store
    readonly monotonicMs: () => number
    readonly storeDeadlineMs: number
    readonly waitMs: number
    readonly onNotice: (notice: Notice) => void
  }
}

/** Why no part could be reserved. */
export interface NoPart {
  readonly reason: RefusalReason | "store-unavailable"
  readonly obstacles: readonly Obstacle[]
  readonly untilMs: number | null
}

const LOOK_EACH_MS = 250
const RETRY_MS = 1_000
const CLOSE_MS = 5_000
const NO_ANSWER: NoPart = { reason: "store-unavailable", obstacles: [], untilMs: null }

/** What slices send: Reserves of parts, heartbeats at each quarter of their life, and their return. */
export class SliceTrips {
  readonly #engine: TripsBy
  readonly #slices: Map<string, Slice>
  readonly #onDrain: () => void
  #timer: ReturnType<typeof setInterval> | null = null
  #isClosed = false

  constructor(engine: TripsBy, slices: Map<string, Slice>, onDrain: () => void) {
    this.#engine = engine
    this.#slices = slices
    this.#onDrain = onDrain
  }

  start(): void {
    if (this.#timer !== null || this.#isClosed) return
    this.#timer = setInterval(() => void this.look(), LOOK_EACH_MS)
    unref(this.#timer)
  }

  /** Another part in the background; where the account is asked back or too small, none for a while. */
  refill(slice: Slice): void {
    if (this.#isClosed) return
    slice.isAcquiring = true
    this.#refill(slice)
      .catch(() => {
        slice.plainUntilMs = this.#nowMs + RETRY_MS
      })
      .finally(() => {
        slice.isAcquiring = false
      })
  }

  /** A part with room for `least`, up to `most` or a slice's part; or why there is none. */
  async forCall(
    slice: Slice,
    amounts: { readonly least: number; readonly most: number },
  ): Promise<Part | NoPart> {
    try {
      const size = this.#nowMs < slice.plainUntilMs ? 0 : slice.sizeOf(await this.#read(slice))
      const { least } = amounts
      return await this.#reserve(slice, { least, most: Math.max(amounts.most, size) })
    } catch (error) {
      if ((error as { _tag?: unknown })._tag === "StoreUnavailable") return NO_ANSWER
      throw error
    }
  }

  /** Ends a part that no call runs on; what cannot be sent is posted later. */
  end(part: Part): Promise<void> {
    part.slice.drop(part)
    return part.end().then(
      () => this.#engine.wake(part.lines),
      (error: unknown) =>
        this.#engine.options.onNotice({
          kind: "warning",
          message: `a slice was not returned, and ends by itself: ${(error as Error).message}`,
        }),
    )
  }

  /** Says what was spent on a part that is used up, though calls still run on it. */
  tell(part: Part): void {
    part.beat().catch(() => undefined)
  }

  /** Nothing new is held on it, and what is idle goes back. */
  stop(slice: Slice): void {
    slice.stop(this.#nowMs + slice.lease.forMs / 4)
    for (const part of slice.parts) if (part.running === 0) void this.end(part)
  }

  /** Ends the parts on which no call runs. */
  returnIdle(slice: Slice): readonly Promise<void>[] {
    const idle = slice.parts.filter((part) => part.running === 0 && !part.hasEnded)
    if (idle.length === 0) return []
    slice.plainUntilMs = this.#nowMs + slice.lease.forMs / 4
    return idle.map((part) => this.end(part))
  }

  async look(): Promise<void> {
    const nowMs = this.#engine.options.monotonicMs()
    const due = [...this.#slices].filter(([, slice]) => nowMs >= slice.beatAtMs && !slice.isBeating)
    const asked = [...this.#slices.values()].filter((slice) => this.#mayBeAsked(slice, nowMs))
    await Promise.all([
      ...due.map(([key, slice]) => this.#beat(key, slice, nowMs)),
      ...asked.map((slice) => this.#returnWhereAsked(slice, nowMs)),
    ])
    if (this.#slices.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }

  /** Who waits less than a heartbeat for a `busy` budget must not be refused beside what lies idle here. */
  #mayBeAsked(slice: Slice, nowMs: number): boolean {
    const { waitMs } = this.#engine.options
    if (waitMs <= 0 || slice.isBeating || nowMs >= slice.beatAtMs) return false
    return nowMs >= slice.lookedAtMs + waitMs / 2 && slice.hasIdle
  }

  async #returnWhereAsked(slice: Slice, nowMs: number): Promise<void> {
    slice.lookedAtMs = nowMs
    try {
      if (refuses(slice.line, await this.#read(slice))) await Promise.all(this.returnIdle(slice))
    } catch {
      // The next heartbeat looks again.
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#timer !== null) clearInterval(this.#timer)
    const ends = [...this.#slices.values()].flatMap(({ parts }) =>
      parts.map((part) => this.end(part)),
    )
    this.#slices.clear()
    if (ends.length === 0) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_MS)
    })
    await Promise.race([Promise.all(ends), late])
    clearTimeout(timer)
  }

  get #nowMs(): number {
    return this.#engine.sender.issuedAtMs()
  }

  async #refill(slice: Slice): Promise<void> {
    let record = await this.#read(slice)
    if (slice.sizeOf(record) === 0 && slice.untold > 0 && !refuses(slice.line, record)) {
      await Promise.all(slice.parts.map((part) => part.report()))
      record = await this.#read(slice)
    }
    const size = slice.sizeOf(record)
    const least = Math.max(1, Math.min(size, slice.hold))
    const found = size === 0 ? NO_ANSWER : await this.#reserve(slice, { least, most: size })
    if ("obstacles" in found) slice.plainUntilMs = this.#nowMs + slice.lease.forMs / 4
  }

  async #beat(key: string, slice: Slice, nowMs: number): Promise<void> {
    slice.beatAtMs = nowMs + slice.lease.forMs / 4
    slice.lookedAtMs = nowMs
    slice.isBeating = true
    try {
      const isIdle = slice.uses === 0
      slice.uses = 0
      slice.trips = 0
      slice.hold = Math.ceil(slice.hold / 2)
      const drains = await Promise.all(slice.parts.map((part) => this.#beatPart(slice, part)))
      if (drains.includes(true)) {
        this.stop(slice)
        this.#onDrain()
      } else if (slice.parts.length > 0 && refuses(slice.line, await this.#read(slice)))
        await Promise.all(this.returnIdle(slice))
      if (slice.parts.length > 0 || slice.isAcquiring || !isIdle) return
      slice.isDropped = true
      this.#slices.delete(key)
    } catch {
      slice.plainUntilMs = this.#nowMs + RETRY_MS
    } finally {
      slice.isBeating = false
    }
  }

  async #beatPart(slice: Slice, part: Part): Promise<boolean> {
    const isOver = this.#nowMs >= Math.min(slice.endsAtMs, part.expiresAtMs)
    if (isOver || (!part.isUsed && part.running === 0)) part.isOpen = false
    part.isUsed = false
    if (part.isOpen || part.running > 0) return part.beat()
    await this.end(part)
    return false
  }

  /** The account as the store has it, within the deadline. */
  async #read(slice: Slice): Promise<AccountRecord> {
    const { store, storeDeadlineMs } = this.#engine.options
    let timer: ReturnType<typeof setTimeout> | undefined
    const late = new Promise<never>((_, reject) => {
      const error = Object.assign(new Error("no answer in time"), { _tag: "StoreUnavailable" })
      timer = setTimeout(() => reject(error), storeDeadlineMs)
    })
    try {
      const records = await Promise.race([store.read([slice.line.account]), late])
      this.#engine.known.learnRead([slice.line], records)
      const [record] = records
      if (record === undefined) throw new Error("the store read no account")
      return record
    } finally {
      clearTimeout(timer)
    }
  }

  async #reserve(
    slice: Slice,
    units: { readonly least: number; readonly most: number },
  ): Promise<Part | NoPart> {
    const { sender, circuit } = this.#engine
    const { line, lease } = slice
    const { division, terms } = line
    const issuedAtMs = sender.issuedAtMs()
    const expiresAtMs = issuedAtMs + lease.forMs
    const numbered = await sender.number({
      kind: "reserve",
      division,
      issuedAtMs,
      lines: [line],
      switches: [switchKey(PLATFORM, "all")],
      base: NOTHING,
      perUnit: only(terms.unit, 1),
      units,
      expiresAtMs,
      via: null,
      swallowed: 0,
    })
    const outcome = await this.#send(slice, numbered)
    circuit.answered()
    if (outcome.kind === "reserved" && outcome.replayed !== true) {
      const { granted } = outcome
      const part = new Part(this.#engine, {
        ...{ line, slice, numbered, granted, expiresAtMs },
        forMs: lease.forMs,
      })
      slice.parts.push(part)
      if (this.#isClosed || slice.isDropped) await this.end(part)
      return part
    }
    if (outcome.kind === "reserved") sender.disown()
    if (outcome.kind === "refused") {
      this.#engine.known.learn([line], outcome.obstacles)
      return outcome
    }
    if (outcome.kind === "error") sender.isRenamed(outcome, numbered.command.id, division)
    return NO_ANSWER
  }

  /** A Reserve without an answer must hold nothing. */
  async #send(slice: Slice, numbered: Numbered) {
    const { sender, circuit } = this.#engine
    try {
      return await sender.send(numbered)
    } catch (error) {
      circuit.failed()
      const { line } = slice
      const { division } = line
      this.#engine.postRelease({ division, lines: [line], switches: [] }, numbered)
      throw error
    }
  }
}

import type { Line } from "../../domain/command.ts"
import { reservationName } from "../../domain/source.ts"
import { type Amounts, NOTHING, type Unit } from "../../domain/terms.ts"
import type { HeldBy } from "../heldBy.ts"
import { type Answer, sendFor } from "../holdCommands.ts"
import { chargeOf } from "../posts.ts"
import type { Numbered } from "../send.ts"

/** What one call holds of a part. */
export interface Take {
  readonly part: Part
  amount: number
  /** What was settled of it so far, what was charged beside the part included. */
  spent: number
  charged: number
}

/** A slice as its parts see it: the largest hold asked of it lately, and their list. */
export interface SlicedBy {
  readonly hold: number
  drop(part: Part): void
}

/** What a part was reserved with; amounts in the unit of the line. */
export interface PartMade {
  readonly line: Line
  /** What it is a part of. */
  readonly slice: SlicedBy
  readonly numbered: Numbered
  readonly granted: number
  readonly forMs: number
  readonly expiresAtMs: number
}

/**
 * One reservation of a slice. Calls are held on it and settled in it without a trip; the store hears by
 * partial settles. What is settled and held here never passes what was granted: so the cap stays exact.
 */
export class Part {
  readonly line: Line
  readonly slice: SlicedBy
  readonly granted: number
  readonly id: Numbered["command"]["id"]
  /** New calls may be held on it. */
  isOpen = true
  /** A call was held on it since the last heartbeat. */
  isUsed = true
  isMaybeSettled = false
  /** A switch or circuit of it refused at the last heartbeat. */
  isDraining = false
  /** Calls that run on it, and what they may still cost. */
  running = 0
  held = 0
  settled = 0
  /** What of `settled` the store has heard. */
  reported = 0
  expiresAtMs: number
  readonly #engine: HeldBy
  readonly #forMs: number
  #seq = 0
  #end: Promise<unknown> | null = null

  constructor(engine: HeldBy, { line, slice, numbered, granted, forMs, expiresAtMs }: PartMade) {
    this.#engine = engine
    this.line = line
    this.slice = slice
    this.id = numbered.command.id
    this.granted = granted
    this.#forMs = forMs
    this.expiresAtMs = expiresAtMs
  }

  get name(): string {
    return reservationName(this.id, this.line.division)
  }

  get lines(): readonly Line[] {
    return [this.line]
  }

  get free(): number {
    return this.granted - this.settled - this.held
  }

  get hasEnded(): boolean {
    return this.#end !== null
  }

  /** Holds `amount` of it; the caller has seen that it is free. */
  take(amount: number): Take {
    this.held += amount
    this.running += 1
    this.isUsed = true
    return { part: this, amount, spent: 0, charged: 0 }
  }

  /** The grant was smaller than what was taken. */
  shrink(take: Take, amount: number): void {
    if (amount >= take.amount) return
    this.held -= take.amount - amount
    take.amount = amount
  }

  /** Counts what a call did cost so far, all of it: what the part has no room for is charged at once. */
  settle(take: Take, spent: number, final: boolean): void {
    const before = Math.max(0, take.amount - take.spent)
    const after = final ? 0 : Math.max(0, take.amount - spent)
    // What was charged beside the part is not taken back.
    const more = Math.max(spent, take.charged) - take.spent
    take.spent += more
    if (final) this.running -= 1
    // Counted whole when the slice was returned at the end of the process.
    if (this.hasEnded) return
    this.held += after - before
    const fits = Math.min(more, this.free)
    this.settled += fits
    if (more <= fits) return
    take.charged += more - fits
    this.#charge(more - fits)
  }

  /** Tells the store what was spent; whether a switch or circuit refuses by now. */
  async report(): Promise<boolean> {
    if (this.settled === this.reported || this.hasEnded) return false
    const { division, terms } = this.line
    const { settled } = this
    this.#seq += 1
    const told = await this.#send({
      kind: "settle",
      division,
      reservation: this.id,
      seq: this.#seq,
      actual: only(terms.unit, settled),
      final: false,
    })
    if (told?.kind !== "settled") return false
    this.reported = Math.max(this.reported, settled)
    return told.drain
  }

  /** Tells the store what was spent and that it is alive; whether a switch or circuit refuses by now. */
  async beat(): Promise<boolean> {
    const { division } = this.line
    const reservation = this.id
    const drain = await this.report()
    if (this.hasEnded) return drain
    const issuedAtMs = this.#engine.sender.issuedAtMs()
    const expiresAtMs = issuedAtMs + this.#forMs
    const units = { least: 0, most: 0 }
    const kept = await this.#send({
      kind: "extend",
      division,
      reservation,
      issuedAtMs,
      expiresAtMs,
      base: NOTHING,
      perUnit: NOTHING,
      units,
    })
    if (kept?.kind === "extended") this.expiresAtMs = Math.max(this.expiresAtMs, expiresAtMs)
    else if (kept !== null) this.isOpen = false
    this.isDraining = drain || (kept?.kind === "extended" && kept.drain)
    return this.isDraining
  }

  /** Returns what is not spent. Where calls still run on it, what they may cost counts as spent. */
  end(): Promise<unknown> {
    this.isOpen = false
    this.#end ??= this.#sendEnd()
    return this.#end
  }

  async #sendEnd(): Promise<void> {
    const { division, terms } = this.line
    const reservation = this.id
    const spent = this.settled + this.held
    const isUntold = this.#seq === 0
    this.#seq += 1
    const seq = this.#seq
    const actual = only(terms.unit, spent)
    const ended =
      spent === 0 && isUntold
        ? await this.#send({ kind: "release", division, reservation })
        : await this.#send({ kind: "settle", division, reservation, seq, actual, final: true })
    if (ended?.kind !== "error" || ended.error === "not-running" || spent === 0) return
    if (ended.error === "unknown-reservation" && !this.isMaybeSettled)
      this.#post(chargeOf({ division, lines: this.lines, amounts: actual, ends: reservation }))
    else
      this.#engine.options.onNotice({
        kind: "unposted",
        accounts: [this.line.account],
        amounts: actual,
        message: `spend was not posted: ${ended.detail}`,
      })
  }

  async #send(unsent: Parameters<typeof sendFor>[2]): Promise<Answer> {
    return sendFor(this.#engine, this, unsent)
  }

  #charge(amount: number): void {
    const { division, terms } = this.line
    const amounts = only(terms.unit, amount)
    this.#post(chargeOf({ division, lines: this.lines, amounts, ends: null }))
  }

  #post(unsent: ReturnType<typeof chargeOf>): void {
    const { lines } = this
    this.#engine.posts.post({ unsent, numbered: null, reserve: null, lines, goesFirst: true })
  }
}

/** An amount of one unit, and nothing of the others. */
export const only = (unit: Unit, amount: number): Amounts => ({ ...NOTHING, [unit]: amount })

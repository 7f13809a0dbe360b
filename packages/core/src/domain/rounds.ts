/** A power of two. */
const EACH_COMMANDS = 64
const DUE_AT = 16
const LOOKS_EACH_NEW = 2

type Kind = "accounts" | "reservations" | "sources" | "switches"

/**
 * Goes round the records of a ledger, a few at a time: two for each that is new, so that what is over is
 * never more than what lives, and some now and then. Where it stands is nobody's meaning.
 */
export class Rounds {
  #commands = 0
  #owed = 0
  readonly #at = new Map<Kind, Iterator<unknown>>()

  /** A record is new: two others will be looked at for it. */
  owe(): void {
    this.#owed += LOOKS_EACH_NEW
  }

  isDue(): boolean {
    this.#commands = (this.#commands + 1) & 0xffff
    return this.#owed >= DUE_AT || (this.#commands & (EACH_COMMANDS - 1)) === 0
  }

  /** How many records of each kind are looked at in this turn. */
  takeLooks(): number {
    const looks = Math.max(DUE_AT, this.#owed)
    this.#owed = 0
    return looks
  }

  /** The next record; undefined once at the end, and then from the start again. */
  next<Value>(kind: Kind, records: () => Iterator<Value>): Value | undefined {
    const at = (this.#at.get(kind) as Iterator<Value> | undefined) ?? records()
    this.#at.set(kind, at)
    const { done, value } = at.next()
    if (done !== true) return value
    this.#at.delete(kind)
    return undefined
  }
}

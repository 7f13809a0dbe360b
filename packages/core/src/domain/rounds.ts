const EACH_COMMANDS = 8

type Kind = "accounts" | "reservations" | "sources"

/** Goes round the records of a ledger, a few at a time. Where it stands is nobody's meaning. */
export class Rounds {
  #commands = 0
  readonly #at = new Map<Kind, Iterator<readonly [string, unknown]>>()

  /** True for every eighth command. */
  isDue(): boolean {
    this.#commands += 1
    return this.#commands % EACH_COMMANDS === 0
  }

  /** The next record; undefined once at the end, and then from the start again. */
  next<Value>(
    kind: Kind,
    records: ReadonlyMap<string, Value>,
  ): readonly [string, Value] | undefined {
    const at = this.#at.get(kind) ?? records.entries()
    this.#at.set(kind, at)
    const { done, value } = at.next() as IteratorResult<readonly [string, Value]>
    if (done !== true) return value
    this.#at.delete(kind)
    return undefined
  }
}

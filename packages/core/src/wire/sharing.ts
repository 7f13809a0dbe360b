import { type Shared, toJson } from "./json.ts"

/** The members that many records have in common. */
const SHARED_KEYS: ReadonlySet<string> = new Set(["terms", "period", "lines", "switches"])

/** Texts by which a shared value is found again when another object holds the same; more are begun anew. */
const TEXTS_MAX = 4_096

/**
 * What records have in common is a record of its own, `["shared",number,value]`, once, before the first that needs
 * it, and is named by its number from there on.
 */
export class Sharing implements Shared {
  #next = 0
  readonly #write: (record: string) => void
  readonly #numbers = new WeakMap<object, number>()
  readonly #byText = new Map<string, number>()

  /**
   * @param known what was shared so far, by number
   * @param write is handed the text of each record that others need
   */
  constructor(known: readonly unknown[], write: (record: string) => void) {
    this.#write = write
    for (const value of known) {
      if (typeof value === "object" && value !== null) this.#numbers.set(value, this.#next)
      this.#next += 1
    }
  }

  /** The text of a record; what it shares was handed to `write` before. */
  textOf(record: readonly unknown[]): string {
    return toJson(record, this)
  }

  readonly numberOf = (key: string, value: object): number | undefined => {
    if (!SHARED_KEYS.has(key)) return undefined
    const known = this.#numbers.get(value)
    if (known !== undefined) return known
    const text = toJson(value, this)
    const number = this.#byText.get(text) ?? this.#define(text)
    this.#numbers.set(value, number)
    return number
  }

  #define(text: string): number {
    const number = this.#next
    this.#next += 1
    if (this.#byText.size >= TEXTS_MAX) this.#byText.clear()
    this.#byText.set(text, number)
    this.#write(`["shared",${number},${text}]`)
    return number
  }
}

import { type Shared, toJson } from "@spendfuse/core/wire"

/** The members that many records have in common. */
const SHARED_KEYS: ReadonlySet<string> = new Set(["terms", "period", "lines", "switches"])
/** Texts by which a shared value is found again when another object holds the same; more are begun anew. */
const TEXTS_MAX = 4_096

/**
 * Writes records as lines of JSON. What many of them have in common is a record of its own, once, before the
 * first that needs it, and is named by its number from there on.
 */
export class Sharing {
  #lines = ""
  #next: number
  readonly #numbers = new WeakMap<object, number>()
  readonly #byText = new Map<string, number>()
  readonly #shared: Shared = {
    numberOf: (key, value) => (SHARED_KEYS.has(key) ? this.#numberOf(value) : undefined),
  }

  /** @param known what was shared so far, by number */
  constructor(known: readonly unknown[] = []) {
    for (const [number, value] of known.entries())
      if (typeof value === "object" && value !== null) this.#numbers.set(value, number)
    this.#next = known.length
  }

  /** The lines of a record, each with its end. */
  linesOf(record: readonly unknown[]): string {
    const last = `${toJson(record, this.#shared)}\n`
    const lines = this.#lines + last
    this.#lines = ""
    return lines
  }

  #numberOf(value: object): number {
    const known = this.#numbers.get(value)
    if (known !== undefined) return known
    const text = toJson(value, this.#shared)
    const number = this.#byText.get(text) ?? this.#define(text)
    this.#numbers.set(value, number)
    return number
  }

  #define(text: string): number {
    const number = this.#next
    this.#next += 1
    if (this.#byText.size >= TEXTS_MAX) this.#byText.clear()
    this.#byText.set(text, number)
    this.#lines += `["shared",${number},${text}]\n`
    return number
  }
}

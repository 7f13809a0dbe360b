import type { DeadLetter, LogQuery, Page } from "@spendfuse/core/ports"
import { numberOf } from "./log.ts"

/** What of the dead letters is kept: each with its number, oldest first, and the number of the next one. */
export interface KeptLetters {
  readonly next: number
  readonly letters: readonly (readonly [number, DeadLetter])[]
}

/** The latest letters that nobody could deliver, each under a number that it has for ever, until it is sent again. */
export class DeadLetters {
  readonly #letters = new Map<number, DeadLetter>()
  readonly #numbers = new Map<string, number>()
  readonly #keptMax: number
  #next = 0

  /** @param keptMax so many of the latest are kept */
  constructor(keptMax: number) {
    this.#keptMax = keptMax
  }

  /** Appends, and answers how many old ones were dropped for it. */
  push(letter: DeadLetter): number {
    this.#put(this.#next, letter)
    return this.#dropOldest()
  }

  /** Takes a letter out; undefined where there is none of that id. */
  take(id: string): DeadLetter | undefined {
    const number = this.#numbers.get(id)
    if (number === undefined) return undefined
    const letter = this.#letters.get(number)
    this.#letters.delete(number)
    this.#numbers.delete(id)
    return letter
  }

  page({ after, latest, limit }: LogQuery): Page<DeadLetter> {
    const from = after === undefined ? 0 : numberOf(after)
    const rest = [...this.#letters].filter(([number]) => number >= from)
    const start = latest === true ? Math.max(0, rest.length - limit) : 0
    const some = rest.slice(start, start + limit)
    const last = some.at(-1)
    return {
      items: some.map(([, letter]) => letter),
      next: last === undefined ? null : String(last[0] + 1),
    }
  }

  get kept(): KeptLetters {
    return { next: this.#next, letters: [...this.#letters] }
  }

  load({ next, letters }: KeptLetters): void {
    for (const [number, letter] of letters) this.#put(number, letter)
    this.#next = Math.max(this.#next, next)
    this.#dropOldest()
  }

  #put(number: number, letter: DeadLetter): void {
    this.take(letter.id)
    this.#letters.set(number, letter)
    this.#numbers.set(letter.id, number)
    this.#next = number + 1
  }

  #dropOldest(): number {
    let dropped = 0
    for (const { id } of this.#letters.values()) {
      if (this.#letters.size <= this.#keptMax) break
      this.take(id)
      dropped += 1
    }
    return dropped
  }
}

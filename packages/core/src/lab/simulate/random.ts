import type { Spread } from "../../edge/fleet/fleet.ts"

/**
 * Numbers from a seed, the same on every machine and engine: only integers are mixed, and no function of
 * `Math` that may differ in its last bit. The generator is sfc32 of PractRand (Chris Doty-Humphrey, public
 * domain); each name gives a stream of its own, so that one more actor changes nothing for the others.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #count = 1

  constructor(name: string) {
    this.#a = hashOf(name, 0x811c9dc5)
    this.#b = hashOf(name, 0x9e3779b9)
    this.#c = hashOf(name, 0x85ebca6b)
    for (let round = 0; round < 15; round += 1) this.next()
  }

  /** An integer from 0 to 2^32 − 1. */
  next(): number {
    const sum = (this.#a + this.#b + this.#count) | 0
    this.#count = (this.#count + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return sum >>> 0
  }

  /** An integer from 0 to `n` − 1, each as likely. */
  below(n: number): number {
    const fair = Math.floor(WIDE / n) * n
    for (;;) {
      const drawn = (this.next() >>> 5) * TWO_26 + (this.next() >>> 6)
      if (drawn < fair) return drawn % n
    }
  }

  /** True so many times in a million. */
  isIn(millionths: number): boolean {
    return this.below(1_000_000) < millionths
  }

  of({ least, median, most }: Spread): number {
    if (least === most) return least
    const isLow = this.next() % 2 === 0
    const [from, to] = isLow ? [least, median] : [median, most]
    return from + this.below(to - from + 1)
  }

  /**
   * Milliseconds until something that happens once in `meanMs` on average, whenever it last did. By
   * comparing numbers only, after J. von Neumann, "Various techniques used in connection with random
   * digits" (1951).
   */
  waitMs(meanMs: number): number {
    for (let whole = 0; ; whole += 1) {
      const first = this.next()
      let last = first
      let isOdd = true
      for (let drawn = this.next(); drawn < last; drawn = this.next()) {
        last = drawn
        isOdd = !isOdd
      }
      if (isOdd) return Math.floor(meanMs * (whole + first / TWO_32))
    }
  }
}

const TWO_26 = 2 ** 26
const TWO_32 = 2 ** 32
const WIDE = 2 ** 53

/** FNV-1a over the name's UTF-16 units, from a basis of its own for each word of the state. */
const hashOf = (name: string, basis: number): number => {
  let hash = basis | 0
  for (let at = 0; at < name.length; at += 1)
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return hash
}

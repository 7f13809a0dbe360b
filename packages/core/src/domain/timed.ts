/** What shows whether an account's circuit moves by itself. */
interface Circuited {
  readonly key: string
  readonly division: string
  readonly circuit: { readonly state: "closed" | "open" | "half-open" | "latched" }
}

/** Accounts whose circuit moves by itself in time, by division: so that an Expire looks at these alone. */
export class Timed {
  readonly #divisions = new Map<string, Set<string>>()

  /** An account was written. */
  put({ key, division, circuit }: Circuited): void {
    if (circuit.state === "open" || circuit.state === "half-open") this.#add(key, division)
    else this.delete(key, division)
  }

  delete(key: string, division: string): void {
    const keys = this.#divisions.get(division)
    if (keys?.delete(key) === true && keys.size === 0) this.#divisions.delete(division)
  }

  /** In the order of their names, so that every store moves them in the same. */
  of(division: string): readonly string[] {
    return [...(this.#divisions.get(division) ?? [])].sort()
  }

  #add(key: string, division: string): void {
    const keys = this.#divisions.get(division)
    if (keys === undefined) this.#divisions.set(division, new Set([key]))
    else keys.add(key)
  }
}

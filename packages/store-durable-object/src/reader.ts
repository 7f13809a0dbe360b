import type { Account, Command } from "@spendfuse/core/domain"
import type { AccountRecord, ListQuery, Page } from "@spendfuse/core/ports"
import type { Divisions } from "./divisions.ts"
import type { Objects } from "./objects.ts"

/** Reads accounts. An account's key does not say its division: commands do, and else every division is asked. */
export class Reader {
  readonly #objects: Objects
  readonly #divisions: Divisions
  readonly #places = new Map<string, string>()

  constructor(objects: Objects, divisions: Divisions) {
    this.#objects = objects
    this.#divisions = divisions
  }

  /** Learns where accounts lie. */
  learn(commands: readonly Command[]): void {
    if (this.#places.size >= PLACES_MAX) this.#places.clear()
    for (const command of commands) {
      if (typeof command !== "object" || command === null || !("lines" in command)) continue
      if (!Array.isArray(command.lines)) continue
      for (const { account, division } of command.lines) this.#places.set(account, division)
    }
  }

  /** @throws StoreUnavailable; StoreCorrupt */
  async read(accounts: readonly string[]): Promise<readonly AccountRecord[]> {
    const found = new Map<string, AccountRecord>()
    const known = new Map<string, string[]>()
    for (const account of accounts) {
      const division = this.#places.get(account)
      if (division !== undefined) push(known, division, account)
    }
    for (const [division, some] of known)
      this.#gather(division, await this.#objects.ask(division, "read", [some]), some, found)
    const strange = accounts.filter((account) => (found.get(account)?.account ?? null) === null)
    if (strange.length > 0)
      for (const [division, records] of await this.#divisions.each((division) =>
        this.#objects.ask(division, "read", [strange]),
      ))
        this.#gather(division, records, strange, found)
    return accounts.map((account) => found.get(account) as AccountRecord)
  }

  /** @throws StoreUnavailable; StoreCorrupt */
  async list({ after, limit }: ListQuery): Promise<Page<Account>> {
    if (limit < 1) return { items: [], next: null }
    const query = { limit, ...(after !== undefined && { after }) }
    const pages = await this.#divisions.each((division) =>
      this.#objects.ask(division, "list", [query]),
    )
    const all = pages.flatMap(([, { items }]) => items)
    const items = all.sort(byKey).slice(0, limit)
    return { items, next: items.at(-1)?.key ?? null }
  }

  #gather(
    division: string,
    records: readonly AccountRecord[],
    accounts: readonly string[],
    found: Map<string, AccountRecord>,
  ): void {
    for (const [at, record] of records.entries()) {
      const account = accounts[at] as string
      if (record.account !== null) this.#places.set(account, division)
      if (record.account !== null || !found.has(account)) found.set(account, record)
    }
  }
}

const PLACES_MAX = 100_000

const byKey = (one: Account, other: Account): number =>
  one.key < other.key ? -1 : one.key > other.key ? 1 : 0

const push = (map: Map<string, string[]>, key: string, item: string): void => {
  const items = map.get(key)
  if (items === undefined) map.set(key, [item])
  else items.push(item)
}

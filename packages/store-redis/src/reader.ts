import type { Account, Command } from "@spendfuse/core/domain"
import type { AccountRecord, ListQuery, Page } from "@spendfuse/core/ports"
import type { Shelf } from "./shelf.ts"
import type { Steps } from "./steps.ts"

interface ReaderOptions {
  readonly shelf: Shelf
  readonly steps: Steps
  readonly nowMs: (() => number) | undefined
}

/** Reads accounts. An account's key does not say its division: commands do, and else every division is asked. */
export class Reader {
  readonly #options: ReaderOptions
  readonly #divisions = new Map<string, string>()

  constructor(options: ReaderOptions) {
    this.#options = options
  }

  /** Learns where accounts lie. */
  learn(commands: readonly Command[]): void {
    if (this.#divisions.size >= KNOWN_MAX) this.#divisions.clear()
    for (const command of commands) {
      if (!("lines" in command)) continue
      for (const { account, division } of command.lines) this.#divisions.set(account, division)
    }
  }

  /** @throws StoreUnavailable; StoreCorrupt */
  async read(accounts: readonly string[]): Promise<readonly AccountRecord[]> {
    const found = new Map<string, AccountRecord>()
    const known = new Map<string, string[]>()
    for (const account of accounts) {
      const division = this.#divisions.get(account)
      if (division !== undefined) push(known, division, account)
    }
    for (const [division, some] of known) await this.#readFrom(division, some, found)
    const strange = accounts.filter((account) => (found.get(account)?.account ?? null) === null)
    if (strange.length > 0)
      for (const division of ["*", ...(await this.#options.shelf.divisions.all())])
        await this.#readFrom(division, strange, found)
    return accounts.map((account) => found.get(account) as AccountRecord)
  }

  /** @throws StoreUnavailable; StoreCorrupt */
  async list({ after, limit }: ListQuery): Promise<Page<Account>> {
    const { shelf, steps } = this.#options
    if (limit < 1) return { items: [], next: null }
    const divisions = await shelf.divisions.all()
    const answers = await shelf.each(
      divisions.map((division) => ({
        division,
        call: steps.listingOf(shelf.base(division), after, limit),
      })),
    )
    const keys: string[] = []
    for (const [at, division] of divisions.entries())
      for (const key of steps.keysOf(answers[at])) {
        this.#divisions.set(key, division)
        keys.push(key)
      }
    const page = keys.sort(byUnits).slice(0, limit)
    const records = await this.read(page)
    return { items: records.flatMap(({ account }) => account ?? []), next: page.at(-1) ?? null }
  }

  async #readFrom(
    division: string,
    accounts: readonly string[],
    found: Map<string, AccountRecord>,
  ): Promise<void> {
    const { shelf, steps, nowMs } = this.#options
    const shared = shelf.base(shelf.outboxOf(division))
    const call = steps.readingOf(shelf.base(division), accounts, nowMs?.(), shared)
    const value = await shelf.one(call)
    for (const [at, record] of steps.recordsOf(value, accounts).entries()) {
      const account = accounts[at] as string
      if (record.account !== null) this.#divisions.set(account, division)
      if (record.account !== null || !found.has(account)) found.set(account, record)
    }
  }
}

const KNOWN_MAX = 100_000

const byUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const push = (map: Map<string, string[]>, key: string, item: string): void => {
  const items = map.get(key)
  if (items === undefined) map.set(key, [item])
  else items.push(item)
}

import type { Account, Command } from "@spendfuse/core/domain"
import type { AccountRecord, ListQuery, Page } from "@spendfuse/core/ports"
import type { Shelf } from "./shelf.ts"
import type { Steps } from "./steps.ts"
import { byUnits } from "./units.ts"

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
    if (limit < 1) return { items: [], next: null }
    for (let from = after; ; ) {
      const page = await this.#pageAfter(from, limit)
      const items = (await this.read(page)).flatMap(({ account }) => account ?? [])
      if (items.length > 0 || page.length < limit)
        return { items, next: items.length === 0 ? null : (page.at(-1) ?? null) }
      // All of them ran out since they were listed.
      from = page.at(-1)
    }
  }

  /** The first keys after one, sorted: `limit` where there are so many. */
  async #pageAfter(after: string | undefined, limit: number): Promise<readonly string[]> {
    const page: string[] = []
    for (let from = after; ; ) {
      const { keys, upTo } = await this.#keysAfter(from, limit - page.length)
      page.push(...keys.slice(0, limit - page.length))
      if (page.length === limit || upTo === undefined) return page
      from = upTo
    }
  }

  /** Sorted, and up to where, if that is not all. */
  async #keysAfter(
    after: string | undefined,
    limit: number,
  ): Promise<{ readonly keys: readonly string[]; readonly upTo: string | undefined }> {
    const { shelf, steps } = this.#options
    const divisions = await shelf.divisions.all()
    const answers = await shelf.each(
      divisions.map((division) => ({
        division,
        call: steps.listingOf(shelf.base(division), after, limit),
      })),
    )
    const found: string[] = []
    let upTo: string | undefined
    for (const [at, division] of divisions.entries()) {
      const listed = steps.listedOf(answers[at])
      if (listed.upTo !== undefined && (upTo === undefined || listed.upTo < upTo))
        upTo = listed.upTo
      for (const key of listed.keys) {
        this.#divisions.set(key, division)
        found.push(key)
      }
    }
    const bound = upTo
    const keys = bound === undefined ? found : found.filter((key) => key <= bound)
    return { keys: keys.sort(byUnits), upTo }
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

const push = (map: Map<string, string[]>, key: string, item: string): void => {
  const items = map.get(key)
  if (items === undefined) map.set(key, [item])
  else items.push(item)
}

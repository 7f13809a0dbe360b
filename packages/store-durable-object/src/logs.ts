import type { DomainEvent } from "@spendfuse/core/domain"
import type { DeadLetter, LogQuery, Page } from "@spendfuse/core/ports"
import type { Divisions } from "./divisions.ts"
import type { Objects } from "./objects.ts"
import { cursorOf, type Places, placesOf } from "./places.ts"

/** A log of each object, and what it holds. */
interface Items {
  readonly events: DomainEvent
  readonly audit: DomainEvent
  readonly deadLetters: DeadLetter
}

/** Reads the logs of all objects as one: the order holds within a division. */
export class Logs {
  readonly #objects: Objects
  readonly #divisions: Divisions
  /** Where the hook begins without a cursor: at what nobody had heard when this store first asked. */
  readonly #starts = new Map<string, string>()

  constructor(objects: Objects, divisions: Divisions) {
    this.#objects = objects
    this.#divisions = divisions
  }

  /** @throws RangeError for a cursor of another store; StoreUnavailable; StoreCorrupt */
  async page<Log extends keyof Items>(log: Log, query: LogQuery): Promise<Page<Items[Log]>> {
    if (query.latest === true) return this.#latest(log, query.limit)
    const places = placesOf(query.after)
    const { limit } = query
    const pages = await this.#divisions.each((division) =>
      this.#ask(log, division, { limit, ...afterOf(places.get(division)) }),
    )
    return this.#gathered(log, { pages, places, limit })
  }

  /**
   * The same of events for the hook: what comes before its cursor was heard.
   *
   * @throws as `page` does
   */
  async unheard({ after, limit }: LogQuery): Promise<Page<DomainEvent>> {
    const places = placesOf(after)
    const pages = await this.#divisions.each(async (division) => {
      const at = places.get(division) ?? (after === undefined ? undefined : "0")
      if (places.has(division))
        return (await this.#objects.ask(division, "unheard", [{ limit, ...afterOf(at) }])).page
      const from = at ?? this.#starts.get(division)
      if (from !== undefined) {
        places.set(division, from)
        return this.#ask("events", division, { limit, after: from })
      }
      const { page, heard } = await this.#objects.ask(division, "unheard", [{ limit }])
      this.#starts.set(division, heard)
      places.set(division, heard)
      return page
    })
    return this.#gathered("events", { pages, places, limit })
  }

  /** The last entries of all objects by their instants; sorting keeps the order within a division. */
  async #latest<Log extends keyof Items>(log: Log, limit: number): Promise<Page<Items[Log]>> {
    const pages = await this.#divisions.each((division) =>
      this.#ask(log, division, { limit, latest: true }),
    )
    const places: Places = new Map()
    for (const [division, { next }] of pages) if (next !== null) places.set(division, next)
    const all = pages.flatMap(([, { items }]) => items)
    all.sort((one, other) => atMsOf(one) - atMsOf(other))
    const items = limit < 1 ? [] : all.slice(-limit)
    return { items, next: items.length === 0 ? null : cursorOf(places) }
  }

  /** As much of each division's page as there is room for; where one is cut its cursor is asked for. */
  async #gathered<Log extends keyof Items>(
    log: Log,
    {
      pages,
      places,
      limit,
    }: {
      readonly pages: readonly (readonly [string, Page<Items[Log]>])[]
      readonly places: Places
      readonly limit: number
    },
  ): Promise<Page<Items[Log]>> {
    const items: Items[Log][] = []
    for (const [division, page] of pages) {
      const room = limit - items.length
      if (page.items.length === 0 || room < 1) continue
      const fits = page.items.length <= room
      const at = afterOf(places.get(division))
      const whole = fits ? page : await this.#ask(log, division, { limit: room, ...at })
      items.push(...whole.items)
      if (whole.next !== null) places.set(division, whole.next)
    }
    return { items, next: items.length === 0 ? null : cursorOf(places) }
  }

  #ask<Log extends keyof Items>(
    log: Log,
    division: string,
    query: LogQuery,
  ): Promise<Page<Items[Log]>> {
    return this.#objects.ask<keyof Items>(division, log, [query]) as Promise<Page<Items[Log]>>
  }
}

const afterOf = (after: string | undefined): { readonly after?: string } =>
  after === undefined ? {} : { after }

/** When an entry was written: of a dead letter, when its row was. */
const atMsOf = (entry: DomainEvent | DeadLetter): number =>
  "createdAtMs" in entry ? entry.createdAtMs : entry.atMs

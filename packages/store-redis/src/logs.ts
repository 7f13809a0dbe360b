import { type LogQuery, type Page, StoreCorrupt } from "@spendfuse/core/ports"
import { type Call, type Script, scriptOf } from "./client.ts"
import { cursorOf, type Places, placesOf } from "./cursor.ts"
import { SCRIPTS } from "./scripts.ts"
import type { Shelf } from "./shelf.ts"

/** A log of each outbox. */
export type LogName = "events" | "audit" | "dead"

/** Reads the logs of all outboxes as one: the order holds within a division. */
export class Logs {
  readonly #shelf: Shelf
  /** Where a reader begins that has no cursor: what this process found unheard. */
  readonly #starts = new Map<string, string>()

  constructor(shelf: Shelf) {
    this.#shelf = shelf
  }

  /**
   * @param read an entry's fields: names and values by turns
   * @throws RangeError for a cursor of another store; StoreUnavailable; StoreCorrupt
   */
  async page<Item>(
    name: LogName,
    { after, limit }: LogQuery,
    read: (fields: readonly unknown[]) => Item,
  ): Promise<Page<Item>> {
    const shelf = this.#shelf
    const isOne = !shelf.client.isCluster
    const given: Places = after === undefined ? {} : placesOf(after, isOne)
    const places: Record<string, string> = Object.assign(Object.create(null), given)
    const items: Item[] = []
    const divisions = await shelf.outboxes()
    const calls = divisions.map((division) => ({
      division,
      call: this.#call(name, division, { at: places[division], limit, isNew: after === undefined }),
    }))
    const answers = await shelf.each(calls)
    for (const [at, division] of divisions.entries()) {
      const { heard, oldest, entries } = logOf(shelf.name, answers[at])
      if (name === "events" && !this.#starts.has(division)) this.#starts.set(division, heard)
      this.#noteLost(name, places[division], oldest)
      for (const [number, fields] of entries.slice(0, limit - items.length)) {
        items.push(read(fields))
        places[division] = number
      }
    }
    return { items, next: items.length === 0 ? null : cursorOf(places, isOne) }
  }

  #call(
    name: LogName,
    division: string,
    { at, limit, isNew }: { at: string | undefined; limit: number; isNew: boolean },
  ): Call {
    const isHook = name === "events"
    // A reader with a cursor has nothing yet of a division that is new to it.
    const start = isHook && isNew ? this.#starts.get(division) : undefined
    const after = at ?? start ?? (isNew ? "" : "0")
    const says = isHook && (at !== undefined || after === "") ? "hook" : ""
    return {
      script: PAGE,
      keys: [this.#shelf.base(division)],
      args: [name, after, String(Math.max(0, limit)), says],
    }
  }

  /** The reader learns it where the entry after its last is gone. */
  #noteLost(name: LogName, at: string | undefined, oldest: string): void {
    if (at === undefined || oldest === "0") return
    const lost = Number(oldest) - 1 - Number(at)
    if (lost > 0)
      this.#shelf.onNotice({
        kind: "dropped",
        message: `store \`${this.#shelf.name}\` had dropped ${lost} ${WHAT[name]} before they were read; raise what it keeps, or read them sooner`,
      })
  }
}

const PAGE: Script = scriptOf(SCRIPTS.page)

const WHAT: Readonly<Record<LogName, string>> = {
  events: "events",
  audit: "audit events",
  dead: "dead letters",
}

interface LogAnswer {
  readonly heard: string
  /** The number of the oldest entry; 0 where there is none. */
  readonly oldest: string
  readonly entries: readonly (readonly [number: string, fields: readonly unknown[]])[]
}

const logOf = (store: string, answer: unknown): LogAnswer => {
  const [heard, oldest, entries] = Array.isArray(answer) ? answer : []
  if (!Array.isArray(entries)) throw new StoreCorrupt(store, "a log of the outbox is none")
  return {
    heard: String(heard),
    oldest: numbered(oldest),
    entries: entries.map((entry) => [numbered(entry[0]), valuesOf(entry[1])]),
  }
}

const numbered = (id: unknown): string => String(id).replace(/-\d+$/, "")

const valuesOf = (fields: unknown): readonly unknown[] => (Array.isArray(fields) ? fields : [])

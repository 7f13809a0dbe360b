import { type LogQuery, type Page, StoreCorrupt } from "@spendfuse/core/ports"
import { type Call, type Script, scriptOf } from "./client.ts"
import { cursorOf, type Places, placesOf } from "./cursor.ts"
import { type LogAnswer, type LogEntry, logOf } from "./logAnswer.ts"
import { SCRIPTS } from "./scripts.ts"
import type { Shelf } from "./shelf.ts"

/** A log of each outbox. */
export type LogName = "events" | "audit" | "dead"

/** Reads an entry's fields: names and values by turns. */
type Read<Item> = (fields: readonly unknown[]) => Item

/** Reads the logs of all outboxes as one: the order holds within a division. */
export class Logs {
  readonly #shelf: Shelf
  /** Where the hook begins without a cursor: what this process found unheard. */
  readonly #starts = new Map<string, string>()

  constructor(shelf: Shelf) {
    this.#shelf = shelf
  }

  /**
   * A page of a log. It only reads.
   *
   * @throws RangeError for a cursor of another store; StoreUnavailable; StoreCorrupt
   */
  async page<Item>(name: LogName, query: LogQuery, read: Read<Item>): Promise<Page<Item>> {
    const limit = Math.max(0, query.limit)
    if (query.latest === true) return this.#latest(name, limit, read)
    const places = this.#placesOf(query.after)
    const answers = await this.#ask((division) => ({
      script: PAGE,
      args: [name, places[division] ?? "0", String(limit)],
    }))
    for (const [division, { oldest }] of answers) this.#noteLost(name, places[division], oldest)
    return this.#gathered(answers, { places, limit }, read)
  }

  /**
   * The same for the hook: what comes before its cursor was heard, and without one it begins at what nobody has.
   *
   * @throws RangeError for a cursor of another store; StoreUnavailable; StoreCorrupt
   */
  async unheard<Item>(query: LogQuery, read: Read<Item>): Promise<Page<Item>> {
    const limit = Math.max(0, query.limit)
    const places = this.#placesOf(query.after)
    const answers = await this.#ask((division) => ({
      script: UNHEARD,
      args: [...this.#begins(places[division], division, query), String(limit)],
    }))
    for (const [division, { oldest, heard }] of answers) {
      if (!this.#starts.has(division)) this.#starts.set(division, heard)
      this.#noteLost("events", places[division], oldest)
      // A division that the first page has nothing of is gone on with where it began.
      const start = this.#starts.get(division) ?? "0"
      if (query.after === undefined && start !== "0") places[division] = start
    }
    return this.#gathered(answers, { places, limit }, read)
  }

  /** The last entries of all outboxes by their instants. */
  async #latest<Item>(name: LogName, limit: number, read: Read<Item>): Promise<Page<Item>> {
    const answers = await this.#ask(() => ({
      script: PAGE,
      args: [name, "latest", String(limit)],
    }))
    const places = this.#placesOf(undefined)
    const all: LogEntry[] = []
    for (const [division, { entries }] of answers) {
      all.push(...entries)
      const last = entries.at(-1)
      if (last !== undefined) places[division] = last.number
    }
    // Sorting is stable: within a division the order stays.
    if (answers.length > 1) all.sort((one, other) => one.atMs - other.atMs)
    const items = (limit === 0 ? [] : all.slice(-limit)).map(({ fields }) => read(fields))
    return { items, next: items.length === 0 ? null : this.#cursorOf(places) }
  }

  #gathered<Item>(
    answers: Answers,
    { places, limit }: { readonly places: Record<string, string>; readonly limit: number },
    read: Read<Item>,
  ): Page<Item> {
    const items: Item[] = []
    for (const [division, { entries }] of answers)
      for (const { number, fields } of entries.slice(0, limit - items.length)) {
        items.push(read(fields))
        places[division] = number
      }
    return { items, next: items.length === 0 ? null : this.#cursorOf(places) }
  }

  /** A reader with a cursor has nothing yet of a division that is new to it. */
  #begins(at: string | undefined, division: string, { after }: LogQuery): readonly string[] {
    if (at !== undefined) return ["heard", at]
    if (after !== undefined) return ["from", "0"]
    const start = this.#starts.get(division)
    return start === undefined ? ["begin", "0"] : ["from", start]
  }

  async #ask(callOf: (division: string) => Pick<Call, "script" | "args">): Promise<Answers> {
    const shelf = this.#shelf
    const divisions = await shelf.outboxes()
    const answers = await shelf.each(
      divisions.map((division) => {
        const call = { keys: [shelf.base(division)], ...callOf(division) }
        return { division, call }
      }),
    )
    return divisions.map((division, at) => {
      const answer = logOf(answers[at])
      if (answer === undefined) throw new StoreCorrupt(shelf.name, "a log of the outbox is none")
      return [division, answer] as const
    })
  }

  #placesOf(after: string | undefined): Record<string, string> {
    const given: Places = after === undefined ? {} : placesOf(after, !this.#shelf.client.isCluster)
    return Object.assign(Object.create(null) as Record<string, string>, given)
  }

  #cursorOf(places: Places): string {
    return cursorOf(places, !this.#shelf.client.isCluster)
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

type Answers = readonly (readonly [division: string, answer: LogAnswer])[]

const PAGE: Script = scriptOf(SCRIPTS.page)
const UNHEARD: Script = scriptOf(SCRIPTS.unheard)

const WHAT: Readonly<Record<LogName, string>> = {
  events: "events",
  audit: "audit events",
  dead: "dead letters",
}

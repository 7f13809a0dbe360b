import { StoreCorrupt } from "@spendfuse/core/ports"
import { WIRE_VERSION } from "@spendfuse/core/wire"
import type { ObjectStorage, SqlRow } from "./platform.ts"

/** For errors and logs. */
export const NAME = "durable-object"

/** The form of what an object keeps; a reader refuses another one. */
export const FORM: string = `1 wire ${WIRE_VERSION}`

/** A row holds 2 MB at most; a character takes three bytes at most. */
const PIECE_CHARS = 500_000

/** An object's tables: a journal in pieces of text, facts by name, and in `*` its divisions and switches. */
export class Tables {
  readonly #storage: ObjectStorage

  /** @throws StoreCorrupt where another version wrote them; then nothing was changed */
  constructor(storage: ObjectStorage) {
    this.#storage = storage
    this.#run(
      "CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    )
    const form = this.fact("form")
    if (form !== null && form !== FORM)
      throw new StoreCorrupt(
        NAME,
        `it has form \`${form}\`, and this version reads \`${FORM}\`; upgrade`,
      )
    if (form === null) this.atomically(() => this.#create())
  }

  /** All of it is stored, or nothing where it throws. */
  atomically<Value>(act: () => Value): Value {
    return this.#storage.transactionSync(act)
  }

  fact(name: Fact): string | null {
    const [row] = this.#run("SELECT value FROM facts WHERE name = ?", name)
    return row === undefined ? null : String(row.value)
  }

  putFact(name: Fact, value: string): void {
    this.#run("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", name, value)
  }

  /** The journal's text, piece by piece. */
  *journal(): Generator<string> {
    for (const { body } of this.#storage.sql.exec("SELECT body FROM journal ORDER BY n"))
      yield String(body)
  }

  appendToJournal(text: string): void {
    for (let from = 0; from < text.length; ) {
      const to = endOfPiece(text, from)
      this.#run("INSERT INTO journal (body) VALUES (?)", text.slice(from, to))
      from = to
    }
  }

  clearJournal(): void {
    this.#run("DELETE FROM journal")
  }

  /** Answers whether it was new. */
  addDivision(name: string): void {
    this.#run("INSERT OR IGNORE INTO divisions (name) VALUES (?)", name)
  }

  /** So many names above `after`, in the order of their bytes. */
  divisions(after: string, limit: number): readonly string[] {
    const query = "SELECT name FROM divisions WHERE name > ? ORDER BY name LIMIT ?"
    return this.#run(query, after, limit).map(({ name }) => String(name))
  }

  /** The switches that are off in `*`, by name, each with the turn at which it was turned. */
  turns(): ReadonlyMap<string, number> {
    const rows = this.#run("SELECT name, turn FROM turned")
    return new Map(rows.map(({ name, turn }) => [String(name), Number(turn)]))
  }

  putTurn(name: string, turn: number | null): void {
    if (turn === null) this.#run("DELETE FROM turned WHERE name = ?", name)
    else this.#run("INSERT OR REPLACE INTO turned (name, turn) VALUES (?, ?)", name, turn)
  }

  #create(): void {
    this.#run("CREATE TABLE journal (n INTEGER PRIMARY KEY, body TEXT NOT NULL)")
    this.#run("CREATE TABLE divisions (name TEXT PRIMARY KEY) WITHOUT ROWID")
    this.#run("CREATE TABLE turned (name TEXT PRIMARY KEY, turn INTEGER NOT NULL) WITHOUT ROWID")
    this.putFact("form", FORM)
  }

  #run(query: string, ...bindings: (string | number | null)[]): readonly SqlRow[] {
    return [...this.#storage.sql.exec(query, ...bindings)]
  }
}

/**
 * What an object knows by name: the form of its tables, its division, whether `*` lists it, the turn of the
 * switches, and the names of those that it took over from `*`.
 */
export type Fact = "form" | "division" | "listed" | "turn" | "taken"

/** A pair of surrogates stays together: one alone cannot be stored. */
const endOfPiece = (text: string, from: number): number => {
  const to = from + PIECE_CHARS
  if (to >= text.length) return text.length
  const last = text.charCodeAt(to - 1)
  return last >= 0xd800 && last <= 0xdbff ? to - 1 : to
}

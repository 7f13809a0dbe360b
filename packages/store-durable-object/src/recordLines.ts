import { Sharing } from "@spendfuse/core/wire"

/** Writes records as lines of JSON, each after those that hold what it shares with others. */
export class RecordLines {
  #lines = ""
  readonly #sharing: Sharing

  /** @param known what was shared so far, by number */
  constructor(known: readonly unknown[] = []) {
    this.#sharing = new Sharing(known, (record) => {
      this.#lines += `${record}\n`
    })
  }

  /** The lines of a record, each with its end. */
  of(record: readonly unknown[]): string {
    const last = `${this.#sharing.textOf(record)}\n`
    const lines = this.#lines + last
    this.#lines = ""
    return lines
  }
}

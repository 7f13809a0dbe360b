import type { DomainEvent } from "@spendfuse/core/domain"
import type { OutboxRow } from "@spendfuse/core/ports"
import type { Divisions } from "./divisions.ts"
import type { Objects } from "./objects.ts"

/** What the objects have to tell: each division's rows lie in its own. */
export class Outbox {
  readonly #objects: Objects
  readonly #divisions: Divisions
  /** In which division a row lies that this process claimed. */
  readonly #claimed = new Map<string, string>()
  /** Divisions take turns: the next claim of a channel begins behind the one that had it. */
  readonly #turns = new Map<string, string>()

  constructor(objects: Objects, divisions: Divisions) {
    this.#objects = objects
    this.#divisions = divisions
  }

  async claim(channel: string, limit: number, leaseMs: number): Promise<readonly OutboxRow[]> {
    const divisions = await this.#divisions.all()
    const last = divisions.indexOf(this.#turns.get(channel) ?? "")
    for (const at of divisions.keys()) {
      const division = divisions[(at + last + 1) % divisions.length] as string
      const rows = await this.#objects.ask(division, "claim", [channel, limit, leaseMs])
      if (rows.length === 0) continue
      this.#turns.set(channel, division)
      this.#remember(rows, division)
      return rows
    }
    return []
  }

  async confirm(ids: readonly string[]): Promise<void> {
    await this.#say(ids, (division, some) => this.#objects.ask(division, "confirm", [some]))
  }

  async retry(ids: readonly string[], dueAtMs: number): Promise<void> {
    await this.#say(ids, (division, some) => this.#objects.ask(division, "retry", [some, dueAtMs]))
  }

  async deadLetter(
    ids: readonly string[],
    why: string,
    tell: readonly DomainEvent[] = [],
  ): Promise<void> {
    await this.#say(ids, (division, some) =>
      this.#objects.ask(division, "deadLetter", [some, why, tell]),
    )
  }

  /** Nobody knows where a dead letter lies: every division is asked. */
  async resend(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0
    const known = await this.#divisions.each((division) =>
      this.#objects.ask(division, "resend", [ids]),
    )
    return known.reduce((sum, [, count]) => sum + count, 0)
  }

  /** Whoever did not claim a row itself does not know where it lies: every division is asked. */
  async #say(
    ids: readonly string[],
    say: (division: string, ids: readonly string[]) => Promise<unknown>,
  ): Promise<void> {
    const found = new Map<string, string[]>()
    const strange: string[] = []
    for (const id of ids) {
      const division = this.#claimed.get(id)
      if (division === undefined) strange.push(id)
      else found.set(division, [...(found.get(division) ?? []), id])
    }
    if (strange.length > 0)
      for (const division of await this.#divisions.all())
        found.set(division, [...(found.get(division) ?? []), ...strange])
    for (const [division, some] of found) await say(division, some)
    for (const id of ids) this.#claimed.delete(id)
  }

  #remember(rows: readonly OutboxRow[], division: string): void {
    for (const { id } of rows) this.#claimed.set(id, division)
    for (const id of this.#claimed.keys()) {
      if (this.#claimed.size <= CLAIMED_MAX) return
      this.#claimed.delete(id)
    }
  }
}

const CLAIMED_MAX = 10_000

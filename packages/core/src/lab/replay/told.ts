import type { DomainEvent } from "../../domain/event.ts"
import { eventName } from "../../domain/event.ts"
import type { EpochMs } from "../../domain/time.ts"

/** What was told under one name, as `tier key-hour 80%`. */
export interface Told {
  readonly name: string
  /** `page`: it refuses; `warning`: it only tells. Without channels nobody but the hook hears it. */
  readonly kind: "warning" | "page" | "other"
  readonly channels: readonly string[]
  readonly count: number
  readonly firstAtMs: EpochMs
  readonly lastAtMs: EpochMs
}

/** One thing that was told, with its account. */
export interface ToldOnce {
  readonly atMs: EpochMs
  readonly kind: Told["kind"]
  readonly name: string
  readonly account: string
  readonly channels: readonly string[]
}

/** Counts of all that is told, and one by one the first 500 warnings and pages that go to a channel. */
export class Telling {
  readonly #byName = new Map<string, { -readonly [K in keyof Told]: Told[K] }>()
  readonly first: ToldOnce[] = []

  get all(): readonly Told[] {
    return [...this.#byName.values()]
  }

  hear(event: DomainEvent): Told["kind"] {
    const kind = kindOf(event)
    const name = nameOf(event)
    const { atMs, channels } = event
    const known = this.#byName.get(name)
    if (known === undefined)
      this.#byName.set(name, { name, kind, channels, count: 1, firstAtMs: atMs, lastAtMs: atMs })
    else {
      known.count += 1
      known.lastAtMs = atMs
    }
    if (kind !== "other" && channels.length > 0 && this.first.length < FIRST_KEPT) {
      const account = "account" in event ? event.account : ""
      this.first.push({ atMs, kind, name, account, channels })
    }
    return kind
  }
}

const FIRST_KEPT = 500

/** Reservations have names of their own: they are counted as one. */
const nameOf = (event: DomainEvent): string =>
  event.kind === "expired" ? "expired" : eventName(event)

const kindOf = (event: DomainEvent): Told["kind"] => {
  if (event.kind !== "tier") return "other"
  return event.effect === "notify" || event.effect === "degrade" ? "warning" : "page"
}

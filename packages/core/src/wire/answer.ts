import type { Command } from "../domain/command.ts"
import type { DomainEvent } from "../domain/event.ts"
import type { Account } from "../domain/ledger.ts"
import { labelOf } from "../domain/meter.ts"
import { COMMAND_ERRORS, type CommandError, type Outcome } from "../domain/outcome.ts"
import type { Terms, TierTerms } from "../domain/terms.ts"
import type { Decoded } from "./json.ts"
import { fromPlain } from "./plain.ts"

/**
 * Reads a server's outcome of a command. What an error says to people is made here: servers answer its name.
 *
 * @param plain what the server answered, `Plain` or parsed JSON; no `detail`
 */
export const outcomeFromWire = (plain: unknown, command: Command): Decoded<Outcome> => {
  const read = fromPlain(plain)
  if (!read.ok) return read
  const outcome = read.value as { readonly kind?: unknown; readonly error?: unknown }
  if (typeof outcome !== "object" || outcome === null) return bad("an outcome is not an object")
  if (!OUTCOMES.has(outcome.kind as Outcome["kind"]))
    return bad(`outcome \`${String(outcome.kind)}\` is not known here`)
  if (outcome.kind !== "error") return { ok: true, value: outcome as Outcome }
  if (!COMMAND_ERRORS.includes(outcome.error as CommandError))
    return bad(`error \`${String(outcome.error)}\` is not known here`)
  const detail = detailOf(outcome.error as CommandError, command)
  return { ok: true, value: { ...(outcome as Outcome & { kind: "error" }), detail } }
}

/**
 * Reads an event that a server wrote. One of a tier comes without its `label`, and with the tier that
 * names it: `{ at, repeat, percent }`.
 */
export const eventFromWire = (plain: unknown): Decoded<DomainEvent> => {
  const read = fromPlain(plain)
  if (!read.ok) return read
  const event = read.value as WireEvent | null
  if (typeof event !== "object" || event === null || !EVENTS.has(event.kind))
    return bad(`event \`${String(event?.kind)}\` is not known here`)
  if (event.kind !== "tier") return { ok: true, value: event as DomainEvent }
  const { tier, ...rest } = event
  if (tier === undefined) return bad("an event of a tier does not say of which")
  return { ok: true, value: { ...rest, label: labelOf(tier, event, event.level) } as DomainEvent }
}

/**
 * Reads an account that a server keeps. Each meter names its terms.
 *
 * @param termsOf terms by their encoded id
 */
export const accountFromWire = (
  plain: unknown,
  termsOf: (id: string) => Terms | undefined,
): Decoded<Account> => {
  const read = fromPlain(plain)
  if (!read.ok) return read
  const account = read.value as Omit<Account, "meters"> & {
    readonly meters: readonly { readonly terms: string }[]
  }
  if (!Array.isArray(account?.meters) || typeof account.circuit !== "object")
    return bad("an account has no circuit or no meters")
  const state: unknown = account.circuit?.state
  if (!CIRCUITS.has(state)) return bad(`circuit \`${String(state)}\` is of a newer version`)
  const meters: object[] = []
  for (const meter of account.meters) {
    const terms = termsOf(meter.terms)
    if (terms === undefined) return bad(`terms \`${meter.terms}\` of a meter are not kept`)
    meters.push({ ...meter, terms })
  }
  return { ok: true, value: { ...account, meters } as unknown as Account }
}

/** Reads terms that `termsToWire` wrote. */
export const termsFromWire = (plain: unknown): Decoded<Terms> => {
  const read = fromPlain(plain)
  if (!read.ok) return read
  const terms = read.value as Terms | null
  return typeof terms === "object" && terms !== null && Array.isArray(terms.tiers)
    ? { ok: true, value: terms }
    : bad("terms have no tiers")
}

type WireEvent = DomainEvent & {
  readonly tier?: Pick<TierTerms, "at" | "repeat" | "percent">
}

const bad = (reason: string): { readonly ok: false; readonly reason: string } => ({
  ok: false,
  reason,
})

const CIRCUITS: ReadonlySet<unknown> = new Set<Account["circuit"]["state"]>([
  "closed",
  "open",
  "half-open",
  "latched",
])

const OUTCOMES: ReadonlySet<Outcome["kind"]> = new Set([
  "reserved",
  "extended",
  "refused",
  "settled",
  "released",
  "charged",
  "adjusted",
  "acknowledged",
  "nothing-to-acknowledge",
  "later-generation",
  "tripped",
  "switched",
  "expired",
  "error",
])

const EVENTS: ReadonlySet<DomainEvent["kind"]> = new Set([
  "tier",
  "refusing",
  "overshoot",
  "overflow",
  "would-refuse",
  "period-end",
  "circuit",
  "escalation",
  "undelivered",
  "expired",
  "audit",
])

const detailOf = (error: CommandError, { id, kind }: Command): string => {
  switch (error) {
    case "invalid-command":
      return `the \`${kind}\` cannot be meant by the store's clock, or its number is too far above \`done\``
    case "conflict":
      return `number ${id.n} was used for another command`
    case "already-answered":
      return `number ${id.n} was answered before`
    case "unknown-source":
      return `source \`${id.source}\` is not known; go on under a new name`
    case "skewed":
      return "`issuedAt` is more than 10 minutes from the store's clock; issue anew"
    case "unknown-reservation":
      return "no reservation of this name is known"
    case "not-running":
      return "the reservation has ended, or was released before it came"
    case "unknown-period":
      return "no period of its accounts is kept"
    case "period-over":
      return "the period of a line is over; reserve anew"
    case "missing-dimension":
      return "the subject lacks a dimension that a budget counts by"
    case "unknown-model":
      return "the model has no price"
    case "overflow":
      return "an amount would pass 2^53 − 1"
  }
}

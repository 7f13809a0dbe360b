import type { Account, Circuit, Meter, Notes, Terms } from "@spendfuse/core/domain"
import { type AccountRecord, StoreCorrupt } from "@spendfuse/core/ports"
import {
  accountFromWire,
  type Decoded,
  decodeText,
  encodeText,
  termsFromWire,
} from "@spendfuse/core/wire"
import { type Call, scriptOf } from "./client.ts"
import { SCRIPTS } from "./scripts.ts"
import type { Listed } from "./steps.ts"
import { byUnits } from "./units.ts"

const READ = scriptOf(SCRIPTS.read)
const LIST = scriptOf(SCRIPTS.list)

/** Reads accounts of one division, and the store's clock. */
export const readingOf = (
  base: string,
  accounts: readonly string[],
  nowMs: number | undefined,
  shared: string,
): Call => ({
  script: READ,
  keys: [base, shared],
  args: [nowMs === undefined ? "" : String(nowMs), ...accounts.map(encodeText)],
})

/** @throws StoreCorrupt where it cannot be read */
export const recordsOf = (
  value: unknown,
  accounts: readonly string[],
): readonly AccountRecord[] => {
  if (!Array.isArray(value)) throw new StoreCorrupt(NAME, "accounts are not a list")
  const [now, ...texts] = value as readonly string[]
  const storeTimeMs = Number(now)
  const terms = termsIn(texts.slice(accounts.length))
  return accounts.map((_, at) => {
    const body = texts[at] ?? ""
    const account = body === "" ? null : accountOf(body, terms)
    return { account, storeTimeMs }
  })
}

/** Lists keys of a division's accounts after the given one. */
export const listingOf = (base: string, after: string | undefined, limit: number): Call => ({
  script: LIST,
  keys: [base],
  args: [after === undefined ? "" : encodeText(after), String(limit), String(LOOKED_AT)],
})

/** @throws StoreCorrupt where it cannot be read */
export const listedOf = (value: unknown): Listed => {
  if (!Array.isArray(value)) throw new StoreCorrupt(NAME, "keys are not a list")
  const texts = value.map((encoded: unknown) => {
    const key = decodeText(String(encoded))
    if (key === undefined) throw new StoreCorrupt(NAME, "a key is not one that was written here")
    return key
  })
  const end = texts.indexOf("")
  const [upTo] = texts.slice(0, Math.max(0, end)).toSorted(byUnits)
  const keys = texts.slice(end + 1)
  return upTo === undefined ? { keys } : { keys: keys.filter((key) => key <= upTo), upTo }
}

const NAME = "redis"
/** Names that are looked at in each of 64 lists: a listing must not hold up decisions. */
const LOOKED_AT = 256

const termsIn = (texts: readonly string[]): ReadonlyMap<string, Terms> => {
  const known = new Map<string, Terms>()
  for (let at = 0; at + 1 < texts.length; at += 2) {
    const body = texts[at + 1] ?? ""
    if (body === "") continue
    known.set(texts[at] ?? "", kept(termsFromWire(JSON.parse(body))))
  }
  return known
}

const accountOf = (body: string, terms: ReadonlyMap<string, Terms>): Account => {
  const account = kept(accountFromWire(JSON.parse(body), (id) => terms.get(id)))
  return {
    key: account.key,
    division: account.division,
    circuit: circuitOf(account.circuit),
    meters: account.meters.map(meterOf),
  }
}

/** Lua keeps no null: fields that are not there are filled in. */
const circuitOf = (circuit: Circuit): Circuit => {
  const { state, generation, observed } = circuit
  if (state === "closed") return { state, generation, observed, sinceMs: circuit.sinceMs }
  const { since = generation, told, causeStartMs = null } = circuit
  const opening = { generation, since, observed, told: listOf(told), causeStartMs }
  if (state === "latched") return { ...opening, state, escalation: circuit.escalation ?? null }
  const { untilMs, coolDownMs, maxCoolDownMs } = circuit
  const timed = { ...opening, untilMs, coolDownMs, maxCoolDownMs }
  if (state === "open") return { ...timed, state, probation: circuit.probation ?? null }
  const { probation, meterStartMs = null, allowance } = circuit
  return { ...timed, state, probation, meterStartMs, allowance }
}

const meterOf = ({ period, terms, settled, held, notes, usedAtMs, bornAtMs }: Meter): Meter => ({
  period,
  terms,
  settled,
  held,
  notes: notesOf(notes),
  usedAtMs,
  bornAtMs,
})

const notesOf = (notes: Partial<Notes>): Notes => ({
  buckets: listOf(notes.buckets),
  marks: listOf(notes.marks),
  acknowledged: notes.acknowledged ?? 0,
  acknowledgedUntilMs: notes.acknowledgedUntilMs ?? null,
  allow: allowOf(notes.allow ?? null),
  refusals: notes.refusals ?? 0,
  refusedAtMs: notes.refusedAtMs ?? null,
  busySinceMs: notes.busySinceMs ?? null,
  said: listOf(notes.said),
  told: listOf(notes.told),
  ends: notes.ends ?? 0,
})

const allowOf = (allow: Notes["allow"]): Notes["allow"] => {
  if (allow === null) return null
  const { effect = null, degrade = null, percent = null, ...tier } = allow.tier
  const { escalateAfterMs = 0 } = tier
  return {
    ...allow,
    tier: { ...tier, escalateAfterMs, effect: effectOf(effect), degrade, percent },
  }
}

const effectOf = (effect: Terms["tiers"][number]["effect"]): typeof effect =>
  effect?.kind === "trip" ? { ...effect, probation: effect.probation ?? null } : effect

const listOf = <Item>(list: readonly Item[] | undefined): readonly Item[] => list ?? []

const kept = <Value>(decoded: Decoded<Value>): Value => {
  if (!decoded.ok) throw new StoreCorrupt(NAME, decoded.reason)
  return decoded.value
}

import { AMOUNT_MAX } from "../domain/money.ts"
import type { Budget, Match, Tier } from "../domain/policy.ts"
import type { Unit } from "../domain/terms.ts"
import type { Window } from "../domain/window.ts"
import type { BudgetJson, TierJson } from "./policyJson.ts"
import { shown, under } from "./problem.ts"
import type { Reader } from "./read.ts"
import { readLease } from "./readLease.ts"

/** A budget as the core takes it; what is wrong goes to the reader. */
export const readBudget = (reader: Reader, json: BudgetJson, path: string): Budget => {
  checkNames(reader, json, path)
  const { unit, limit } = limitOf(reader, json.limit, under(path, "limit"))
  const tiers = json.tiers.map((tier, at) =>
    readTier(reader, tier, unit, under(under(path, "tiers"), at)),
  )
  checkTiers(reader, tiers, json, limit, under(path, "tiers"))
  checkMatch(reader, json.match, under(path, "match"))
  return {
    id: json.id,
    per: json.per,
    unit,
    limit,
    window: windowOf(reader, json.window, under(path, "window")),
    tiers,
    observe: json.mode === "observe",
    whenMissing: json.whenMissing ?? "refuse",
    ...overridesOf(reader, json.limit, unit, under(under(path, "limit"), "overrides")),
    ...(json.lease !== undefined && { lease: readLease(reader, json.lease, under(path, "lease")) }),
    ...(json.match !== undefined && { match: json.match as Match }),
  }
}

const ID_MAX = 64

const checkNames = (reader: Reader, { id, per }: BudgetJson, path: string): void => {
  if (id === "" || id.length > ID_MAX || /[/\s]/.test(id))
    reader.problem(
      under(path, "id"),
      `${shown(id)} is not a name of 1 to ${ID_MAX} characters without "/" and spaces; write e.g. "key-hour"`,
    )
  const list = under(path, "per")
  if (per.length === 0)
    reader.problem(
      list,
      'it names no dimension; write e.g. ["apiKey"], or ["platform"] for all together',
    )
  for (const [at, name] of per.entries()) {
    if (name === "") reader.problem(under(list, at), "it is empty; name a dimension")
    if (per.indexOf(name) !== at) reader.problem(under(list, at), `${shown(name)} is there twice`)
  }
}

const UNITS = ["usd", "usdNano", "tokens", "requests"] as const

const limitOf = (
  reader: Reader,
  limit: BudgetJson["limit"],
  path: string,
): { unit: Unit; limit: number } => {
  const named = UNITS.filter((unit) => limit[unit] !== undefined)
  const [unit] = named
  if (unit === undefined || named.length > 1) {
    reader.problem(path, 'it takes exactly one unit; write e.g. { "usd": 50 }')
    return { unit: "usd", limit: 1 }
  }
  const amount = reader.amount(under(path, unit), limit[unit] ?? 0, unit)
  return { unit: unit === "usdNano" ? "usd" : unit, limit: amount }
}

const overridesOf = (
  reader: Reader,
  limit: BudgetJson["limit"],
  unit: Unit,
  path: string,
): { overrides?: ReadonlyMap<string, number> } => {
  if (limit.overrides === undefined) return {}
  const inUnit = limit.usdNano === undefined ? unit : "usdNano"
  const overrides = new Map<string, number>()
  for (const [value, amount] of Object.entries(limit.overrides))
    overrides.set(value, reader.amount(under(path, value), amount, inUnit))
  return { overrides }
}

const readTier = (reader: Reader, json: TierJson, unit: Unit, path: string): Tier => {
  const effects = [json.block, json.trip, json.latch].filter((effect) => effect !== undefined)
  if (effects.length > 1)
    reader.problem(path, "it blocks in two ways; keep one of `block`, `trip` and `latch`")
  if (effects.length === 0 && json.notify === undefined && json.degrade === undefined)
    reader.problem(path, "it does nothing; add `notify`, `degrade`, `block`, `trip` or `latch`")
  checkChannelNames(reader, json.notify ?? [], under(path, "notify"))
  return {
    at: reader.threshold(under(path, "at"), json.at, unit),
    ...effectOf(reader, json, unit, path),
    ...(json.repeat !== undefined && { repeatPercent: repeatOf(reader, json.repeat, path) }),
    ...(json.degrade !== undefined && { degrade: json.degrade }),
    ...(json.notify !== undefined && { notify: json.notify }),
    ...escalationOf(reader, json, under(path, "escalateAfter")),
    ...(json.message !== undefined && { message: json.message }),
  }
}

/** Only a latch waits for a person, and only an order of two channels has a next one. */
const escalationOf = (
  reader: Reader,
  { escalateAfter, latch, notify = [] }: TierJson,
  path: string,
): Pick<Tier, "escalateAfterMs"> => {
  if (escalateAfter === undefined) return {}
  if (!latch) reader.problem(path, "only a latch waits for a person; add `latch`, or leave it out")
  if (new Set(notify).size < 2)
    reader.problem(
      path,
      'there is no next channel; name two or more in `notify`, as in ["slack", "pagerduty"]',
    )
  return { escalateAfterMs: reader.duration(path, escalateAfter) }
}

const checkChannelNames = (reader: Reader, names: readonly string[], path: string): void => {
  for (const [at, name] of names.entries()) {
    if (name === "") reader.problem(under(path, at), "it is empty; name a channel")
    if (name === HOOK)
      reader.problem(under(path, at), "`events` is the hook's own name; name the channel otherwise")
  }
}

const HOOK = "events"

/** A list that nothing matches would leave requests unbound, unseen. */
const checkMatch = (reader: Reader, match: BudgetJson["match"], path: string): void => {
  if (match === undefined) return
  const { model, provider, subject = {} } = match
  if (model === undefined && provider === undefined && Object.keys(subject).length === 0)
    reader.problem(
      path,
      "it matches everything; leave it out, or name `model`, `provider` or `subject`",
    )
  const lists = [
    { at: under(path, "model"), patterns: model },
    { at: under(path, "provider"), patterns: provider },
    ...Object.entries(subject).map(([name, patterns]) => ({
      at: under(under(path, "subject"), name),
      patterns,
    })),
  ]
  for (const { at, patterns } of lists)
    if (patterns?.length === 0)
      reader.problem(at, 'it is empty and matches nothing; write e.g. ["gpt-5*"]')
  if (Object.hasOwn(subject, "platform"))
    reader.problem(
      under(under(path, "subject"), "platform"),
      "it is the same for all; leave it out",
    )
}

const repeatOf = (reader: Reader, repeat: string | false, path: string): number =>
  repeat === false ? 0 : reader.percent(under(path, "repeat"), repeat)

const effectOf = (
  reader: Reader,
  { block, latch, trip }: TierJson,
  unit: Unit,
  path: string,
): Pick<Tier, "effect"> => {
  if (latch) return { effect: { kind: "latch" } }
  if (trip === undefined) return block ? { effect: { kind: "block" } } : {}
  const at = under(path, "trip")
  const { probation } = trip
  const coolDownMs = reader.duration(under(at, "coolDown"), trip.coolDown)
  const max =
    trip.maxCoolDown === undefined
      ? undefined
      : reader.duration(under(at, "maxCoolDown"), trip.maxCoolDown)
  if (max !== undefined && max < coolDownMs)
    reader.problem(
      under(at, "maxCoolDown"),
      `${shown(trip.maxCoolDown)} is shorter than \`coolDown\``,
    )
  return {
    effect: {
      kind: "trip",
      coolDownMs,
      ...(max !== undefined && { maxCoolDownMs: max }),
      ...(probation !== undefined && {
        probation: {
          allow: reader.threshold(under(under(at, "probation"), "allow"), probation.allow, unit),
          forMs: reader.duration(under(under(at, "probation"), "for"), probation.for),
        },
      }),
    },
  }
}

const checkTiers = (
  reader: Reader,
  tiers: readonly Tier[],
  json: BudgetJson,
  limit: number,
  path: string,
): void => {
  const amounts = tiers.map(({ at }) => ("amount" in at ? at.amount : (limit * at.percent) / 100))
  for (const [at, amount] of amounts.entries()) {
    const where = under(under(path, at), "at")
    if (at > 0 && amount < (amounts[at - 1] ?? 0))
      reader.problem(
        where,
        `${shown(json.tiers[at]?.at)} is below the tier before it; write tiers in rising order`,
      )
    if (amount > AMOUNT_MAX)
      reader.problem(
        where,
        `${shown(json.tiers[at]?.at)} of the limit is more than a meter counts; write a lower one`,
      )
  }
}

const windowOf = (reader: Reader, json: BudgetJson["window"], path: string): Window => {
  if (json === "lifetime") return { kind: "lifetime", idleMs: 30 * 86_400_000 }
  if (json === "hour" || json === "day") return { kind: json, timeZone: "UTC" }
  if (json === "week" || json === "month") return { kind: json, timeZone: "UTC", startsOn: 1 }
  if ("every" in json) {
    const everyMs = reader.duration(under(path, "every"), json.every)
    return { kind: "fixed", everyMs, anchorMs: anchorOf(reader, json.anchor, path) }
  }
  if ("sliding" in json) {
    const buckets = reader.integer(under(path, "buckets"), json.buckets ?? 12, 1, 12)
    return {
      kind: "sliding",
      lengthMs: reader.duration(under(path, "sliding"), json.sliding),
      buckets,
    }
  }
  if ("lifetime" in json)
    return {
      kind: "lifetime",
      idleMs: reader.duration(under(under(path, "lifetime"), "idle"), json.lifetime.idle),
    }
  if ("hour" in json)
    return { kind: "hour", timeZone: zoneOf(reader, json.hour, under(path, "hour")) }
  if ("day" in json) return { kind: "day", timeZone: zoneOf(reader, json.day, under(path, "day")) }
  const kind = "week" in json ? "week" : "month"
  const inner = "week" in json ? json.week : json.month
  const at = under(path, kind)
  return {
    kind,
    timeZone: zoneOf(reader, inner, at),
    startsOn: reader.integer(
      under(at, "startsOn"),
      inner.startsOn ?? 1,
      1,
      kind === "week" ? 7 : 28,
    ),
  }
}

/** With its offset: without one, each host would read it in its own time zone. */
const INSTANT = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d))?$/

const anchorOf = (reader: Reader, anchor: string | undefined, path: string): number => {
  if (anchor === undefined) return 0
  const atMs = INSTANT.test(anchor) ? Date.parse(anchor) : Number.NaN
  if (Number.isFinite(atMs)) return atMs
  reader.problem(
    under(path, "anchor"),
    `${shown(anchor)} is not an instant; write e.g. "2026-01-01T06:00:00Z"`,
  )
  return 0
}

const zoneOf = (
  reader: Reader,
  { timeZone }: { readonly timeZone?: string },
  path: string,
): string => {
  if (timeZone === undefined) return "UTC"
  if (isZone(timeZone)) return timeZone
  reader.problem(
    under(path, "timeZone"),
    `${shown(timeZone)} is not an IANA time zone; write e.g. "America/New_York"`,
  )
  return "UTC"
}

/** An offset such as `+05:30` knows no change of the clock: it is not a zone. */
const isZone = (timeZone: string): boolean => {
  if (!/^[A-Za-z]/.test(timeZone)) return false
  try {
    new Intl.DateTimeFormat("en", { timeZone })
    return true
  } catch {
    return false
  }
}

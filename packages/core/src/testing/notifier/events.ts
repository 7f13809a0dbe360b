import type { DomainEvent } from "../../domain/event.ts"

const AT_MS = Date.UTC(2026, 0, 15, 10, 20)
const account = "key-hour/agent-7"
const head = { atMs: AT_MS, channels: ["here"] }
const meter = {
  ...head,
  account,
  incident: `${account}@${AT_MS - 20 * 60_000}`,
  generation: 0,
  periodStartMs: AT_MS - 20 * 60_000,
  periodEndMs: AT_MS + 40 * 60_000,
  settled: 40_000_000_000,
  held: 1_000_000_000,
  limit: 50_000_000_000,
  cap: 50_000_000_000,
  unit: "usd",
} as const
const idOf = (kind: string): string => `${account}@${meter.periodStartMs}/${kind}`

const tierEvent = (level: number): DomainEvent => ({
  ...meter,
  kind: "tier",
  id: idOf(`${level}/0`),
  level,
  label: `$${level / 1_000_000_000}`,
  passed: 1,
  message: "Heads up",
  effect: "notify",
})

const circuitEvent = (
  state: "closed" | "open" | "half-open" | "latched",
  generation: number,
): DomainEvent => ({
  ...head,
  kind: "circuit",
  id: `${account}/${generation}/${state}`,
  account,
  incident: `${account}/1`,
  generation,
  state,
  untilMs: state === "open" || state === "half-open" ? AT_MS + 3_600_000 : null,
  observed: false,
  by: state === "closed" ? "ann" : null,
  why: state === "closed" ? "the loop is stopped" : null,
})

/** One event of every kind, and of every state of a circuit. */
export const EVENTS: readonly DomainEvent[] = [
  tierEvent(40_000_000_000),
  { ...meter, kind: "refusing", id: idOf("refusing") },
  { ...meter, kind: "overshoot", id: idOf("overshoot") },
  { ...meter, kind: "overflow", id: idOf("overflow"), unit: "tokens" },
  { ...meter, kind: "would-refuse", id: idOf("would-refuse exhausted"), reason: "exhausted" },
  circuitEvent("open", 1),
  circuitEvent("half-open", 1),
  circuitEvent("latched", 2),
  {
    ...head,
    kind: "escalation",
    id: `${account}/2/escalation/1`,
    account,
    incident: `${account}/1`,
    generation: 2,
    step: 1,
    sinceMs: AT_MS - 15 * 60_000,
  },
  circuitEvent("closed", 2),
  { ...meter, kind: "period-end", id: idOf("period-end") },
  {
    ...head,
    kind: "undelivered",
    id: `${account}/2/latched#pager/undelivered/${AT_MS}`,
    account,
    incident: `${account}/1`,
    channel: "pager",
    why: "it answered 410",
    count: 2,
  },
  { ...head, kind: "expired", id: "source/7/expired", reservation: "source/7" },
  {
    ...head,
    kind: "audit",
    id: "source/8/audit",
    verb: "acknowledge",
    target: account,
    by: "ann",
    why: "the loop is stopped",
  },
]

/** So many events of one incident, in order. */
export const sameIncident = (count: number): readonly DomainEvent[] =>
  Array.from({ length: count }, (_, at) => tierEvent((at + 1) * 1_000_000_000))

const HOSTILE: readonly string[] = [
  "",
  "__proto__",
  "constructor",
  "<!channel> <@U0123> <https://elsewhere.example|ok> @here &amp; *b* `c` _d_",
  "https://elsewhere.example/?a=1#b",
  "../../elsewhere\r\nhost: elsewhere.example\r\n\r\n",
  "\u0000\u0007\u001b[2J\u0085\u2028\u202e\ud800x\udc00",
  "𝔘🔥é".repeat(2_500),
  "x".repeat(10_000),
]

/** Events whose every text is one that a caller might choose to do harm. */
export const hostileEvents = (): readonly DomainEvent[] =>
  HOSTILE.flatMap((text) => [...ofAccount(text), ...ofNone(text)])

const ofAccount = (text: string): readonly DomainEvent[] => {
  const key = `key-hour/${text}`
  const of = { account: key, incident: `${key}/1` }
  return [
    {
      ...meter,
      ...of,
      kind: "tier",
      id: `${key}@1/1/0`,
      level: 1,
      label: text,
      passed: 1,
      message: text,
      effect: "latch",
    },
    {
      ...meter,
      ...of,
      kind: "would-refuse",
      id: `${key}@1/w`,
      reason: text,
      settled: Number.MAX_SAFE_INTEGER,
    },
    {
      ...head,
      ...of,
      kind: "circuit",
      id: `${key}/1/open`,
      state: "open",
      generation: 1,
      untilMs: Number.MAX_SAFE_INTEGER,
      observed: true,
      by: text,
      why: text,
    },
    {
      ...head,
      ...of,
      kind: "escalation",
      id: `${key}/1/escalation/1`,
      generation: 1,
      step: Number.MAX_SAFE_INTEGER,
      sinceMs: 0,
    },
    {
      ...meter,
      ...of,
      kind: "period-end",
      id: `${key}@1/period-end`,
      periodEndMs: Number.MAX_SAFE_INTEGER,
      cap: null,
    },
  ]
}

const ofNone = (text: string): readonly DomainEvent[] => [
  {
    ...head,
    kind: "undelivered",
    id: `${text}/undelivered`,
    account: `key-hour/${text}`,
    incident: null,
    channel: text,
    why: text,
    count: 1,
  },
  { ...head, kind: "expired", id: `${text}/expired`, reservation: text },
  {
    ...head,
    kind: "audit",
    id: `${text}/audit`,
    verb: "trip",
    target: text,
    by: text,
    why: text,
  },
]

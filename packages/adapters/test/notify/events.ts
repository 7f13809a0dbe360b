import type { DomainEvent } from "@spendfuse/core"

export const AT_MS: number = Date.UTC(2026, 0, 15, 10, 20)
const ACCOUNT = "hour/agent-7"

type Of<Kind> = Extract<DomainEvent, { readonly kind: Kind }>

const meter = (account: string, generation: number, kind: string) =>
  ({
    id: `${account}@${AT_MS - 20 * 60_000}/${kind}`,
    atMs: AT_MS,
    channels: ["slack"],
    account,
    incident: generation === 0 ? `${account}@${AT_MS - 20 * 60_000}` : `${account}/${generation}`,
    generation,
    periodStartMs: AT_MS - 20 * 60_000,
    periodEndMs: AT_MS + 40 * 60_000,
    settled: 40_000_000_000,
    held: 0,
    limit: 50_000_000_000,
    cap: 50_000_000_000,
    unit: "usd",
  }) as const

/** A level reached: 80 % of $50 unless told otherwise. */
export const tier = (fields: Partial<Of<"tier">> = {}, generation = 0): Of<"tier"> => {
  const { account = ACCOUNT, level = 40_000_000_000 } = fields
  return {
    ...meter(account, generation, `${level}/0`),
    kind: "tier",
    level,
    label: "80%",
    passed: 1,
    message: "Heads up",
    effect: "notify",
    ...fields,
  }
}

/** A first refusal. */
export const refusing = (generation = 0, account = ACCOUNT): DomainEvent => ({
  ...meter(account, generation, "refusing"),
  kind: "refusing",
})

/** The end of the period of a meter that somebody heard of. */
export const periodEnd = (account = ACCOUNT): DomainEvent => ({
  ...meter(account, 0, "period-end"),
  kind: "period-end",
  atMs: AT_MS + 40 * 60_000,
})

/** Nobody acknowledged a latch of a quarter of an hour ago. */
export const escalation = (generation: number, since = generation): DomainEvent => ({
  kind: "escalation",
  id: `${ACCOUNT}/${generation}/escalation/1`,
  atMs: AT_MS,
  channels: ["pager"],
  account: ACCOUNT,
  incident: `${ACCOUNT}/${since}`,
  generation,
  step: 1,
  sinceMs: AT_MS - 15 * 60_000,
})

/** Two events that the pager could not be told. */
export const undelivered = (fields: Partial<Of<"undelivered">> = {}): Of<"undelivered"> => ({
  kind: "undelivered",
  id: `${ACCOUNT}/1/latched#pager/undelivered`,
  atMs: AT_MS,
  channels: ["slack"],
  account: ACCOUNT,
  incident: `${ACCOUNT}/1`,
  channel: "pager",
  why: "status 410",
  count: 2,
  ...fields,
})

/** A circuit that moved; for an hour where it opens. `since` is the generation that began its incident. */
export const circuit = (
  state: Of<"circuit">["state"],
  generation: number,
  account = ACCOUNT,
  since = generation,
): Of<"circuit"> => ({
  kind: "circuit",
  id: `${account}/${generation}/${state}`,
  atMs: AT_MS,
  channels: ["slack"],
  account,
  incident: `${account}/${since}`,
  state,
  generation,
  observed: false,
  by: null,
  why: null,
  untilMs: state === "open" || state === "half-open" ? AT_MS + 3_600_000 : null,
})

export const signal: AbortSignal = new AbortController().signal

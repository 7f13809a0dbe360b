import type { Command, Line, Terms, TierTerms } from "../../../src/domain.ts"

export type Told = readonly unknown[]

export interface Part {
  readonly line: Line
  /** Which life of its meter it belongs to. */
  readonly life: number
  hold: number
  settled: number
}

export interface Call {
  readonly name: string
  readonly division: string
  readonly parts: Part[]
  readonly switches: readonly string[]
  readonly via: string | null
  expires: number
  state: "running" | "expired" | "ended"
  seq: number
  actual: Amounts
  granted: number
}

export type Amounts = Extract<Command, { kind: "settle" }>["actual"]
export type Effect = NonNullable<TierTerms["effect"]>
export type Trip = Extract<Effect, { kind: "trip" }>

export interface Circuit {
  state: "closed" | "open" | "half-open" | "latched"
  generation: number
  observed: boolean
  until: number
  /** The generation that took it from closed. */
  since: number
  told: Set<string>
  /** Channels that wait, when the next one hears, each how long after the one before, since when, how many did. */
  waiting: string[]
  nextAt: number
  every: number
  waitsSince: number
  step: number
  cause: number | null
  trip: Trip | null
  probed: { readonly start: number | null; readonly allowance: number; readonly fresh: number }
}

export interface Meter {
  readonly life: number
  readonly account: string
  readonly start: number
  readonly keptUntil: number
  readonly endsAt: number
  /** When it was first used; a look uses nothing. */
  bornAt: number | null
  readonly told: Set<string>
  ends: number
  terms: Terms
  readonly spent: { readonly line: Line; amount: number }[]
  readonly fired: Map<string, number>
  acknowledged: number
  acknowledgedAt: number
  allow: Allowed | null
  refusals: number
  refusedAt: number
  busySince: number | null
  readonly said: Set<string>
  usedAt: number
}

export interface Allowed {
  readonly amount: number
  readonly effect: Effect
  readonly notify: readonly string[]
  readonly escalateAfterMs: number
  fired: boolean
}

export const STRENGTH = { block: 1, trip: 2, latch: 3 }
export const RANKS = [
  "switched-off",
  "latched",
  "open",
  "too-large",
  "exhausted",
  "probation",
  "degraded",
  "busy",
]

export interface Obstacle {
  readonly who: string
  readonly reason: string
  readonly until: number | null
  readonly numbers: Told
}

export const startOf = (line: Line): number => (line.terms.slidingMs > 0 ? 0 : line.period.startMs)

export const nameOf = ({ source, n }: { source: string; n: number }, division: string): string =>
  JSON.stringify([source, n, division])

export const shortOf = ({ name }: Call): string => {
  const [source, n, division] = JSON.parse(name) as [string, number, string]
  return division === "*" ? `${source}/${n}` : `${source}/${n}@${division}`
}

export const numberOf = ({ name }: Call): number => (JSON.parse(name) as [string, number])[1]

export const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, one) => total + one, 0)

export const strongest = (tiers: readonly TierTerms[]): Effect | null =>
  tiers
    .flatMap(({ effect }) => (effect === null ? [] : [effect]))
    .sort((a, b) => STRENGTH[b.kind] - STRENGTH[a.kind])[0] ?? null

/** Levels one after another, as a person counts them. */
export const levelAfter = (
  { at, repeat }: { at: number; repeat: number },
  amount: number,
): number => {
  let level = at
  while (level <= amount) {
    if (repeat === 0) return Number.POSITIVE_INFINITY
    level += repeat
  }
  return level
}

export const levelBelow = (tier: { at: number; repeat: number }, amount: number): number => {
  let level = 0
  for (let next = levelAfter(tier, 0); next <= amount; next = levelAfter(tier, next)) level = next
  return level
}

/** Subject, amounts, units, model: not instants. */
export const contentOf = (command: Command): string => {
  const { done, issuedAtMs, expiresAtMs, untilMs, lines, line, swallowed, ...rest } =
    command as unknown as Record<string, unknown> & {
      readonly lines?: readonly Line[]
    }
  return JSON.stringify([rest, lines?.map(({ account }) => account)])
}

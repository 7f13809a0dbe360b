import {
  type Amounts,
  apply,
  type BlockingEffect,
  type Command,
  type Decision,
  emptyLedger,
  eventName,
  type Ledger,
  type Line,
  type Meter,
  type Terms,
  type TierTerms,
} from "../../src/domain.ts"

/** What the attacks are made of: small terms, lines of one account, and a ledger that numbers its commands. */
export const HOUR = 3_600_000
export const T0 = 1_000_000 * HOUR

export const usd = (amount: number): Amounts => ({ usd: amount, tokens: 0, requests: 0 })

export const tierOf = (at: number, more: Partial<TierTerms> = {}): TierTerms => ({
  at,
  repeat: 0,
  effect: null,
  degrade: null,
  notify: [],
  escalateAfterMs: 0,
  message: "",
  percent: null,
  ...more,
})

export const blockAt = (at: number, effect: BlockingEffect = { kind: "block" }): TierTerms =>
  tierOf(at, { repeat: at, effect })

export const termsOf = (tiers: readonly TierTerms[], more: Partial<Terms> = {}): Terms => {
  const content = {
    budget: "b",
    unit: "usd" as const,
    limit: 100,
    observe: false,
    window: "hour UTC",
    slidingMs: 0,
    bucketMs: 0,
    idleMs: 0,
    tiers,
    ...more,
  }
  return { id: JSON.stringify(content), ...content }
}

export const hourLine = (terms: Terms, atMs: number = T0, account = "b/k"): Line => {
  const startMs = Math.floor(atMs / HOUR) * HOUR
  return {
    account,
    division: "*",
    period: { startMs, endMs: startMs + HOUR, keptUntilMs: startMs + 2 * HOUR },
    terms,
  }
}

type Distributive<T> = T extends unknown ? Omit<T, "id" | "done" | "division"> : never
type Bare = Distributive<Command>

/** A ledger under attack: each command gets the next number unless it brings its own head. */
export class Room {
  readonly ledger: Ledger = emptyLedger()
  #n = 0

  do(
    nowMs: number,
    command: Bare,
    head: { source?: string; n?: number; done?: number; division?: string } = {},
  ): Decision & { readonly n: number; readonly names: readonly string[] } {
    this.#n += 1
    const n = head.n ?? this.#n
    const full = {
      ...command,
      id: { source: head.source ?? "s", n },
      done: head.done ?? 0,
      division: head.division ?? "*",
    } as Command
    const decision = apply(this.ledger, full, nowMs)
    return { ...decision, n, names: decision.events.map(eventName) }
  }

  meter(account = "b/k", startMs?: number): Meter | undefined {
    const meters = this.ledger.accounts.get(account)?.meters ?? []
    return startMs === undefined
      ? meters.at(-1)
      : meters.find(({ period }) => period.startMs === startMs)
  }
}

export const reserve = (
  lines: readonly Line[],
  base: number | Amounts,
  issuedAtMs: number,
  more: Partial<Extract<Command, { kind: "reserve" }>> = {},
): Bare => ({
  kind: "reserve",
  issuedAtMs,
  lines,
  switches: [],
  base: typeof base === "number" ? usd(base) : base,
  perUnit: usd(0),
  units: { least: 0, most: 0 },
  expiresAtMs: issuedAtMs + 600_000,
  via: null,
  swallowed: 0,
  ...more,
})

export const settle = (n: number, actual: number | Amounts, seq = 1, final = true): Bare => ({
  kind: "settle",
  reservation: { source: "s", n },
  seq,
  actual: typeof actual === "number" ? usd(actual) : actual,
  final,
})

export const extend = (
  n: number,
  base: number,
  issuedAtMs: number,
  expiresAtMs: number | null = null,
): Bare => ({
  kind: "extend",
  reservation: { source: "s", n },
  issuedAtMs,
  base: usd(base),
  perUnit: usd(0),
  units: { least: 0, most: 0 },
  expiresAtMs,
})

export const charge = (
  lines: readonly Line[],
  amount: number,
  ends: number | null = null,
): Bare => ({
  kind: "charge",
  lines,
  amounts: usd(amount),
  ends: ends === null ? null : { source: "s", n: ends },
})

export const release = (n: number): Bare => ({ kind: "release", reservation: { source: "s", n } })

export const person = { by: "ann", why: "test" }

export const acknowledge = (
  line: Line,
  upTo: number,
  more: Partial<Extract<Command, { kind: "acknowledge" }>> = {},
): Bare => ({
  kind: "acknowledge",
  account: line.account,
  generation: 1_000,
  upTo,
  allow: null,
  line,
  ...person,
  ...more,
})

import type { EpochMs } from "./time.ts"

interface EventHead {
  /** Made of data, so that the same fact has the same id wherever it is told. */
  readonly id: string
  readonly atMs: EpochMs
  /** Who must hear it; empty: only the hook. */
  readonly channels: readonly string[]
}

interface OfAccount extends EventHead {
  readonly account: string
  /**
   * What is opened together is resolved together. From the opening of a circuit to its closing
   * `account/since`, with the generation that opened it; of a meter whose circuit is closed `account@born`,
   * which its period's end resolves.
   */
  readonly incident: string
  /** The circuit's, after it: what an acknowledgement of what was told here names. */
  readonly generation: number
}

/** What every event of a meter says of it. */
export interface MeterFacts {
  readonly periodStartMs: EpochMs
  /** When the period ends by itself; the last instant of the calendar where it does not. */
  readonly periodEndMs: EpochMs
  /** Amounts in the unit, after what is told. */
  readonly settled: number
  readonly held: number
  readonly limit: number
  /** The lowest blocking level that no one has acknowledged; null where no level blocks. */
  readonly cap: number | null
  readonly unit: "usd" | "tokens" | "requests"
}

interface OfMeter extends OfAccount, MeterFacts {}

/** What a level does, the weakest first: of tiers that meet in one level, the strongest. */
export const LEVEL_EFFECTS = ["notify", "degrade", "block", "trip", "latch"] as const

/** What a level does. */
export type LevelEffect = (typeof LEVEL_EFFECTS)[number]

/** A level was reached. */
export type TierEvent = OfMeter & {
  readonly kind: "tier"
  /** The level's amount, its name for people, and how many levels of the tier were passed at once. */
  readonly level: number
  readonly label: string
  readonly passed: number
  readonly message: string
  readonly effect: LevelEffect
}

/** A circuit moved. */
export type CircuitEvent = OfAccount & {
  readonly kind: "circuit"
  readonly state: "closed" | "open" | "half-open" | "latched"
  readonly untilMs: EpochMs | null
  /** Only what observes is bound by it; of a closing, by what closes. */
  readonly observed: boolean
  /** Whose hand moved it, and why; null where spend or time did. */
  readonly by: string | null
  readonly why: string | null
}

/** Nobody has acknowledged a latch: the next channels in its order hear of it. */
export type EscalationEvent = OfAccount & {
  readonly kind: "escalation"
  /** How many channels further the latch has gone, from 1: the last of those that are told here. */
  readonly step: number
  /** When it began to wait for a person. */
  readonly sinceMs: EpochMs
}

/** A channel could not be told of `count` events, for good; the next one is told so. */
export type UndeliveredEvent = EventHead & {
  readonly kind: "undelivered"
  /** Of the events, empty where they have none. */
  readonly account: string
  readonly incident: string | null
  /** The one that failed. */
  readonly channel: string
  readonly why: string
  readonly count: number
}

/** A fact that somebody may want to hear, written in the same step as its cause. */
export type DomainEvent =
  | TierEvent
  | (OfMeter & { readonly kind: "refusing" | "overshoot" | "overflow" })
  | (OfMeter & { readonly kind: "would-refuse"; readonly reason: string })
  /** The period of a meter is over whose channels heard of it: its own incident is resolved. */
  | (OfMeter & { readonly kind: "period-end" })
  | CircuitEvent
  | EscalationEvent
  | UndeliveredEvent
  | (EventHead & { readonly kind: "expired"; readonly reservation: string })
  | (EventHead & {
      readonly kind: "audit"
      readonly verb: "acknowledge" | "trip" | "switch" | "adjust"
      readonly target: string
      readonly by: string
      readonly why: string
    })

/** How scenario files and people name an event: `tier key-hour 80%`. */
export const eventName = (event: DomainEvent): string => {
  switch (event.kind) {
    case "tier":
      return `tier ${budgetName(event.account)} ${event.label}`
    case "circuit":
      return `circuit ${budgetName(event.account)} ${event.state}`
    case "refusing":
    case "overshoot":
    case "overflow":
    case "period-end":
      return `${event.kind} ${budgetName(event.account)}`
    case "escalation":
      return `escalation ${budgetName(event.account)} ${event.step}`
    case "would-refuse":
      return `would-refuse ${budgetName(event.account)} ${event.reason}`
    case "undelivered":
      return `undelivered ${event.channel}`
    case "expired":
      return `expired ${event.reservation}`
    case "audit":
      return `audit ${event.verb}`
  }
}

const budgetName = (account: string): string => account.slice(0, account.indexOf("/"))

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
  /** `account/generation`: what is opened together is resolved together. */
  readonly incident: string
}

interface OfMeter extends OfAccount {
  readonly periodStartMs: EpochMs
  readonly settled: number
  readonly held: number
  readonly limit: number
  readonly unit: "usd" | "tokens" | "requests"
}

/** A fact that somebody may want to hear, written in the same step as its cause. */
export type DomainEvent =
  | (OfMeter & {
      readonly kind: "tier"
      /** The level's amount, its name for people, and how many levels of the tier were passed at once. */
      readonly level: number
      readonly label: string
      readonly passed: number
      readonly message: string
    })
  | (OfMeter & { readonly kind: "refusing" | "overshoot" | "overflow" })
  | (OfMeter & { readonly kind: "would-refuse"; readonly reason: string })
  | (OfAccount & {
      readonly kind: "circuit"
      readonly state: "closed" | "open" | "half-open" | "latched"
      readonly generation: number
      readonly untilMs: EpochMs | null
    })
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
      return `${event.kind} ${budgetName(event.account)}`
    case "would-refuse":
      return `would-refuse ${budgetName(event.account)} ${event.reason}`
    case "expired":
      return `expired ${event.reservation}`
    case "audit":
      return `audit ${event.verb}`
  }
}

const budgetName = (account: string): string => account.slice(0, account.indexOf("/"))

import type { EpochMs } from "../../domain/time.ts"
import type { Actor } from "../../edge/fleet/fleet.ts"
import type { BillSpan } from "../../engine/explain/spans.ts"
import type { Told, ToldOnce } from "../replay/told.ts"

/** Who decides: nobody, a billing alert at the day's end, a counter after the call, the fuse before it. */
export type Way = "unguarded" | "alert" | "counter" | "spendfuse"

/** What one actor did and what became of it. */
export interface ActorReport {
  readonly name: string
  readonly kind: Actor["kind"]
  /** Whether somebody wants what its calls do. */
  readonly isWanted: boolean
  /** Each once, however often it was asked for. */
  readonly calls: number
  /** Of the calls: refused at least once. */
  readonly callsRefused: number
  /** Calls, with every time that one was asked for again. */
  readonly asked: number
  readonly made: number
  readonly refused: number
  /** Of those made: the provider answered with an error. */
  readonly failed: number
  /** Of those made: their host died meanwhile. */
  readonly lost: number
  /** Of those made: their output was cut by what was granted. */
  readonly cut: number
  /** Of those made: by a cheaper model. */
  readonly degraded: number
  /** Refusals by reason. */
  readonly reasons: Readonly<Record<string, number>>
  readonly billedNanoUsd: number
}

/** The most that one payer had held or spent in a span of time, and the bound of it by calculation. */
export interface BillSeen {
  readonly per: readonly string[]
  readonly unit: "usd" | "tokens" | "requests"
  readonly span: BillSpan
  readonly most: number
  readonly bound: number
}

/** What only the fuse can tell. */
export interface FuseReport {
  /** By the ledger, nano-USD: where the price list is right and no host has died, no less than the bill. */
  readonly countedNanoUsd: number
  /** Of it what hosts decided by themselves, without the store. */
  readonly aloneNanoUsd: number
  /** That went to a channel, each time. */
  readonly warnings: number
  /** That went to a channel, each time: somebody is called. */
  readonly pages: number
  /** By name, in the order in which they were first told; also what names no channel. */
  readonly told: readonly Told[]
  /** The first 500 warnings and pages that went to a channel. */
  readonly toldFirst: readonly ToldOnce[]
  /** Empty where somebody acknowledged, the store was silent, or hosts spent without it: then the bound moves. */
  readonly bills: readonly BillSeen[]
}

/** What became of the fleet under one way to guard it. */
export interface WayReport {
  readonly way: Way
  readonly asked: number
  readonly made: number
  readonly refused: number
  /** Of the refused: calls that somebody wanted. */
  readonly refusedWanted: number
  /** By the provider's prices. */
  readonly billedNanoUsd: number
  readonly wantedNanoUsd: number
  /** Of one clock hour, by the beginning of calls. */
  readonly worstHourNanoUsd: number
  /** When people first stopped or acknowledged something; null where nobody was called, or nobody came. */
  readonly answeredAtMs: EpochMs | null
  readonly actors: readonly ActorReport[]
  /** Billed by the end of each step. */
  readonly timeline: { readonly stepMs: number; readonly billed: readonly number[] }
  readonly fuse: FuseReport | null
}

/** What a fleet's file expects and what was found. */
export interface ExpectationMissed {
  /** The field of `expect`. */
  readonly path: string
  readonly expected: string
  readonly found: string
}

/** A fleet under each way to guard it, from one seed. */
export interface FleetReport {
  readonly title: string
  readonly seed: number
  readonly startMs: EpochMs
  readonly endMs: EpochMs
  readonly ways: readonly WayReport[]
  readonly missed: readonly ExpectationMissed[]
}

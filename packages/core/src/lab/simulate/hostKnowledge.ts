import { type Line, SKEW_MAX_MS } from "../../domain/command.ts"
import type { Policy } from "../../domain/policy.ts"
import type { Amounts } from "../../domain/terms.ts"
import { type EpochMs, SECOND_MS } from "../../domain/time.ts"
import { STORE_DEADLINE_MS } from "../../engine/asked.ts"
import { Known } from "../../engine/known.ts"
import { latestEnd } from "../../engine/refusal.ts"
import type { Ruling, Run } from "../run.ts"
import type { Refusal } from "./guard.ts"
import type { Host } from "./host.ts"

/** What one host knows beyond a decision, and how far its clock is from the store's. */
export class HostKnowledge {
  readonly #known = new Known({ onNotice: () => undefined, onRewound: () => undefined })
  readonly #readAtMs = new Map<string, EpochMs>()
  /** How far its clock was ahead when the store last answered. */
  #followedMs = 0

  /** Whether the host decides by itself: its clock is too far from the store's, or the answer comes too late. */
  usesNoAnswer(host: Host, atMs: EpochMs): boolean {
    return (
      Math.abs(host.clockAt(atMs) - atMs) > SKEW_MAX_MS ||
      host.storeTakesMs(atMs) > STORE_DEADLINE_MS
    )
  }

  /** By the store's clock as far as the host knows it; the first call after its clock has moved is off by as much. */
  issuedAtMs(host: Host, atMs: EpochMs): EpochMs {
    const aheadMs = host.clockAt(atMs) - atMs
    const offMs = aheadMs - this.#followedMs
    this.#followedMs = aheadMs
    // Further off the store refuses it, says its time, and is asked again.
    return Math.abs(offMs) > SKEW_MAX_MS ? atMs : atMs + offMs
  }

  /** As an engine learns from an answer, and from the rooms that it reads at most once a second each. */
  learn(run: Run, lines: readonly Line[], switches: readonly string[], ruling: Ruling): void {
    if (ruling.allowed) this.#known.forgetStops(lines, switches)
    else this.#known.learn(lines, ruling.obstacles)
    const { nowMs } = run
    const stale = lines.filter(
      ({ account }) =>
        nowMs - (this.#readAtMs.get(account) ?? Number.NEGATIVE_INFINITY) >= SECOND_MS,
    )
    for (const { account } of stale) this.#readAtMs.set(account, nowMs)
    this.#known.learnRead(
      stale,
      stale.map(({ account }) => ({ account: run.accountOf(account), storeTimeMs: nowMs })),
    )
  }

  stopOf(lines: readonly Line[], switches: readonly string[], nowMs: EpochMs): Refusal | null {
    const obstacles = this.#known.stopsOf(lines, switches, nowMs)
    const [first] = obstacles
    return first === undefined ? null : { reason: first.reason, untilMs: latestEnd(obstacles) }
  }

  takeShare(policy: Policy, lines: readonly Line[], amounts: Amounts): boolean {
    return this.#known.takeShare(policy, lines, amounts)
  }

  correctShare(lines: readonly Line[], taken: Amounts, spent: Amounts): void {
    this.#known.correctShare(lines, taken, spent)
  }

  /** The store answers again: rooms are read anew with the next call. */
  forgetRooms(): void {
    this.#readAtMs.clear()
  }
}

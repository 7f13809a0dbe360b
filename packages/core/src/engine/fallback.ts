import type { Line } from "../domain/command.ts"
import type { Refused } from "./decision.ts"

/** The fallback that the highest reached degrade tier of a refusal names; null where none stands. */
export const degradedTo = (refused: Refused, lines: readonly Line[]): string | null => {
  for (const obstacle of refused.obstacles) {
    if (obstacle.kind !== "line" || obstacle.reason !== "degraded") continue
    const line = lines.find(({ account }) => account === obstacle.account)
    const reached = line?.terms.tiers.filter(
      (tier) => tier.degrade !== null && obstacle.settled >= tier.at,
    )
    const name = reached?.at(-1)?.degrade?.[0]
    if (name !== undefined) return name
  }
  return null
}

/** Waits; rejects with the signal's reason where it aborts first. */
export const sleep = (forMs: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort)
      resolve()
    }, forMs)
    signal?.addEventListener("abort", onAbort, { once: true })
  })

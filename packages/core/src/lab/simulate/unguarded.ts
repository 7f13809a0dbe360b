import { DAY_MS, type EpochMs } from "../../domain/time.ts"
import type { Fleet } from "../../edge/fleet/fleet.ts"
import { type Desk, type Grant, type Guard, mostOutputOf } from "./guard.ts"

/** Nobody counts: every call is made. */
export const unguarded = ({ policy }: Fleet): Guard => ({
  ask: (call, host, atMs) => ({
    call,
    model: call.actor.model,
    mostOutput: mostOutputOf(call.actor, call.actor.model, policy.maxOutputTokens),
    host,
    atMs,
  }),
  end: () => undefined,
  lose: () => undefined,
})

/** The provider's billing alert: it looks at a day's bill when the day (UTC) is over, and pages somebody once. */
export const billingAlert = (fleet: Fleet, atNanoUsd: number): Guard<Grant> => ({
  ...unguarded(fleet),
  begin: (desk) => {
    let before = 0
    let hasRung = false
    const look = (): void => {
      const billed = desk.billed()
      if (!hasRung && billed - before > atNanoUsd) {
        hasRung = true
        desk.page()
      }
      before = billed
      everyDay(desk, fleet.endMs, look)
    }
    everyDay(desk, fleet.endMs, look)
  },
})

const everyDay = (desk: Desk, endMs: EpochMs, task: () => void): void => {
  const next = (Math.floor(desk.nowMs / DAY_MS) + 1) * DAY_MS
  if (next <= endMs + DAY_MS) desk.at(next, task)
}

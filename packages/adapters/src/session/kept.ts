import type { Admitted, Amounts, Obstacle, Refused, Spendfuse } from "@spendfuse/core"
import type { KeepBack } from "./options.ts"

/** What a session keeps back: a hold of its own, which only its final call may use. */
export class Kept {
  readonly amounts: Amounts
  /** Null where another process holds it. */
  readonly hold: Admitted | null
  isGone = false

  constructor(amounts: KeepBack, hold: Admitted | null) {
    this.amounts = { usd: 0, tokens: 0, requests: 1, ...amounts }
    this.hold = hold
  }

  /** Unless the final call has it: nothing was spent of it, also where it has expired and was assumed. */
  async giveBack(spendfuse: Spendfuse): Promise<void> {
    if (this.hold === null || this.isGone) return
    this.isGone = true
    const nothing = { usd: 0, tokens: 0, requests: 0 }
    const { subject } = this.hold.request
    const last = spendfuse.reserveWithin(this.hold, { subject, amounts: nothing })
    if (last.allowed) await last.settle({ amounts: nothing })
  }
}

/**
 * A refusal as who may not touch what is kept hears it: where nothing else is held, no wait helps, so it is
 * `exhausted` and not `busy`. Null where a wait may help.
 */
export const besideKept = (refused: Refused, kept: readonly Kept[]): Refused | null => {
  const held = kept.filter(({ isGone }) => !isGone)
  if (refused.reason !== "busy" || held.length === 0) return null
  const obstacles = refused.obstacles.map((obstacle): Obstacle | null => {
    if (obstacle.kind !== "line" || obstacle.reason !== "busy") return obstacle
    const line = refused.lines.find(({ account }) => account === obstacle.account)
    if (line === undefined) return null
    const keeps = held.reduce((sum, { amounts }) => sum + amounts[line.terms.unit], 0)
    return obstacle.held > keeps ? null : { ...obstacle, reason: "exhausted", untilMs: null }
  })
  const known = obstacles.filter((one) => one !== null)
  if (known.length < obstacles.length) return null
  return { ...refused, reason: "exhausted", obstacles: known, untilMs: null, retryAfterMs: null }
}

/** Only money is in the way, and no circuit, switch or tier: what was held before may be used. */
export const isForMoney = ({ obstacles, reason }: Refused): boolean =>
  (reason === "exhausted" || reason === "busy") &&
  obstacles.every((one) => one.reason === "exhausted" || one.reason === "busy")

import { type Clock, HOUR_MS, PAIRS, START_MS, TICK_MS, TICKS } from "./clock.ts"
import { type BudgetSeen, guardedAgent, type ToldEvent } from "./guarded.ts"
import { bareAgent, billingAlert, postHocCounter } from "./ways.ts"

/** All four ways at one virtual instant; nano-USD. */
export interface Frame {
  readonly atMs: number
  readonly unguarded: number
  readonly alertOnly: number
  readonly postHoc: number
  readonly guarded: number
  /** Spent in the running hour, under the guard. */
  readonly hourSpent: number
  /** Of the day's budget: it moves with an acknowledgement. */
  readonly dayCap: number
  readonly circuits: { readonly hour: string; readonly day: string }
}

/** The fields of a frame that are what a way has spent by then. */
export type WayName = "unguarded" | "alertOnly" | "postHoc" | "guarded"

export interface Incident {
  readonly frames: readonly Frame[]
  readonly events: readonly ToldEvent[]
  readonly budgets: readonly BudgetSeen[]
  /** Calls that were refused before they were made. */
  readonly refused: { readonly postHoc: number; readonly guarded: number }
  /** When the billing alert rang, epoch milliseconds; null where it never did. */
  readonly alertRangAtMs: number | null
}

/** Plays the incident, the ways side by side, tick by tick; `onFrame` sees each as it happens. */
export const playIncident = async (
  onFrame: (frame: Frame, events: readonly ToldEvent[]) => void,
): Promise<Incident> => {
  const clock: Clock = { atMs: START_MS }
  const bare = bareAgent()
  const counter = postHocCounter(clock)
  const alert = billingAlert(bare.spent)
  const fuse = guardedAgent(clock)
  const frames: Frame[] = []
  const frameNow = async (): Promise<Frame> => ({
    atMs: clock.atMs,
    unguarded: bare.spent(),
    alertOnly: alert.spent(),
    postHoc: counter.spent(),
    ...(await fuse.look()),
  })
  for (let tick = 0; tick < TICKS; tick += 1) {
    clock.atMs = START_MS + tick * TICK_MS
    alert.look(clock.atMs)
    await Promise.all([bare.agent.turn(PAIRS), counter.agent.turn(PAIRS), fuse.agent.turn(PAIRS)])
    await fuse.settle()
    const frame = await frameNow()
    frames.push(frame)
    onFrame(frame, fuse.events)
  }
  alert.look(START_MS + TICKS * TICK_MS)
  const budgets = fuse.budgets()
  await fuse.close()
  return {
    frames,
    events: fuse.events,
    budgets,
    refused: { postHoc: counter.agent.refused, guarded: fuse.agent.refused },
    alertRangAtMs: alert.rangAtMs(),
  }
}

/** The most that a way spent in one clock hour. */
export const worstHour = ({ frames }: Incident, way: WayName): number => {
  let worst = 0
  let before = 0
  let hour = Number.NaN
  let last = 0
  for (const frame of frames) {
    const of = Math.floor(frame.atMs / HOUR_MS)
    if (of !== hour) {
      before = last
      hour = of
    }
    last = frame[way]
    worst = Math.max(worst, last - before)
  }
  return worst
}

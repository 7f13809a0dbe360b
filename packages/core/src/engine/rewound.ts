import { SHARED_DIVISION } from "../domain/subject.ts"
import type { Stop } from "./known.ts"
import type { Post } from "./posts.ts"
import type { Unsent } from "./send.ts"

/** A latch cannot be commanded: a cool-down of a year holds as well, until a person acknowledges. */
const LATCHED_AGAIN_MS = 365 * 86_400_000
const BY = { by: "spendfuse", why: "the store was restored or failed over, and had lost it" }

/** The commands that set known latches and switches again in a store that has lost them. */
export const stopAgain = (stops: readonly Stop[]): readonly Post[] =>
  stops.map((stop) => ({
    unsent: commandOf(stop),
    numbered: null,
    reserve: null,
    lines: [],
    goesFirst: true,
  }))

const commandOf = (stop: Stop): Unsent =>
  stop.kind === "latch"
    ? {
        kind: "trip",
        division: stop.division,
        account: stop.account,
        coolDownMs: LATCHED_AGAIN_MS,
        ...BY,
      }
    : {
        kind: "switch",
        division: SHARED_DIVISION,
        switch: stop.switch,
        state: "off",
        untilMs: stop.untilMs,
        ...BY,
      }

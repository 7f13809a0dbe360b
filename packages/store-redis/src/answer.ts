import type { Command } from "@spendfuse/core/domain"
import { type Applied, StoreCorrupt } from "@spendfuse/core/ports"
import { outcomeFromWire } from "@spendfuse/core/wire"
import type { Answer } from "./steps.ts"

/**
 * Reads what the step's script answered.
 *
 * @throws StoreCorrupt where it cannot be read
 */
export const answerOf = (value: unknown, command: Command): Answer => {
  if (typeof value === "string") return quickAnswerOf(value)
  if (!Array.isArray(value)) throw corrupt("the step's answer is not a list")
  const [now, rank, done, rows, stops, body] = value as readonly string[]
  if (now === "terms") return { kind: "terms-missing" }
  const outcome = outcomeFromWire(JSON.parse(body ?? "null"), command)
  if (!outcome.ok) throw corrupt(outcome.reason)
  const applied = {
    outcome: outcome.value,
    eventsWritten: Number(rows),
    storeTimeMs: Number(now),
    done: Number(done),
  }
  return {
    kind: "applied",
    stops: stops === "1",
    applied: rank === "" ? applied : { ...applied, rank: Number(rank) },
  }
}

/**
 * Reads what the step's script answered to many commands.
 *
 * @throws StoreCorrupt where it cannot be read
 */
export const answersOf = (value: unknown): readonly Applied[] => {
  if (typeof value !== "string") throw corrupt("the step's answers are not a text")
  return value === "" ? [] : value.split("\n").map(appliedOf)
}

const quickAnswerOf = (value: string): Answer => ({
  kind: "applied",
  stops: false,
  applied: appliedOf(value),
})

/** `now;rank;done before;R;granted`, or `S`. */
const appliedOf = (value: string): Applied => {
  const [now, rank, done, kind, granted] = value.split(";")
  if (kind !== "R" && kind !== "S") throw corrupt("the step's quick answer has no kind")
  const applied = {
    outcome: kind === "S" ? SETTLED : ({ kind: "reserved", granted: Number(granted) } as const),
    eventsWritten: 0,
    storeTimeMs: Number(now),
    done: Number(done),
  }
  return rank === "" ? applied : { ...applied, rank: Number(rank) }
}

const SETTLED = { kind: "settled", drain: false, skipped: [] as readonly string[] } as const

const corrupt = (reason: string): StoreCorrupt => new StoreCorrupt("redis", reason)

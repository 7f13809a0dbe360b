import type { Command } from "@spendfuse/core/domain"
import fc from "fast-check"
import { Redis } from "ioredis"
import { inject, it } from "vitest"
import {
  type any,
  commandOf,
  type History,
  historyOf,
} from "../../core/test/attack/model/histories.ts"
import { Lockstep, type Quick } from "./lockstep.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 60)
const SEED = Number(process.env.LAW_SEED ?? 777)
const T0 = 1_000_000 * 3_600_000

const walk = async (redis: Redis, { pool, steps }: History): Promise<void> => {
  const both = new Lockstep(redis, quick)
  const sent: Command[] = []
  let atMs = T0 + 5 * 60_000
  let done = 0
  for (const { any, later, back, division, done: isDone } of steps) {
    atMs += back ? -120_000 : later
    if (isDone && sent.length > 2) done = Math.max(done, sent.length - 2)
    let command: Command
    if (any.kind === "again") {
      const found = sent[any.of % Math.max(1, sent.length)]
      if (found === undefined) continue
      command = any.other
        ? ({ ...found, why: "another", base: NINE, actual: NINE } as unknown as Command)
        : found
    } else {
      const reserves = sent.flatMap(({ kind, id }) => (kind === "reserve" ? [id.n] : []))
      command = named(commandOf(any, pool, sent.length + 1, done, atMs, division, reserves), sent)
      sent.push(command)
    }
    await both.send(command, atMs)
  }
}

const quick: Quick = new Map()

/** A Settle names its reservation by the very object that its Reserve was numbered with, as an engine does. */
const named = (command: Command, sent: readonly Command[]): Command => {
  if (command.kind !== "settle") return command
  const { source, n } = command.reservation
  const of = sent.find(({ kind, id }) => kind === "reserve" && id.source === source && id.n === n)
  return of === undefined ? command : { ...command, reservation: of.id }
}

const NINE = { usd: 9, tokens: 0, requests: 0 }

const SETS: Readonly<Record<string, readonly (keyof typeof any)[]>> = {
  "reserves and settles": ["reserve", "reserve", "settle"],
  "charges and adjusts": ["reserve", "charge", "charge", "adjust", "settle"],
  circuits: ["reserve", "reserve", "charge", "trip", "switch", "settle"],
  "a person": ["reserve", "charge", "charge", "acknowledge", "acknowledge"],
  everything: [
    "reserve",
    "reserve",
    "reserve",
    "settle",
    "settle",
    "extend",
    "release",
    "charge",
    "adjust",
    "acknowledge",
    "trip",
    "switch",
    "expire",
    "again",
  ],
}

for (const [name, kinds] of Object.entries(SETS))
  it(`the script does what the core does: ${name} (I12)`, async () => {
    const redis = new Redis(inject("redisUrl"))
    try {
      await fc.assert(
        fc.asyncProperty(historyOf(kinds), (history) => walk(redis, history)),
        { numRuns: RUNS, seed: SEED },
      )
    } finally {
      redis.disconnect()
    }
  })

import { apply, type Command, emptyLedger, formProblemOf } from "@spendfuse/core/domain"
import { eventFromWire } from "@spendfuse/core/wire"
import fc from "fast-check"
import { Redis } from "ioredis"
import { expect, inject, it } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import {
  type any,
  commandOf,
  type History,
  historyOf,
} from "../../core/test/attack/model/histories.ts"
import { answerOf } from "../src/answer.ts"
import { argumentsOf } from "../src/arguments.ts"
import { baseOf } from "../src/keys.ts"
import { SCRIPTS } from "../src/scripts.ts"
import { termsOf } from "../src/termsSent.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 60)
const SEED = Number(process.env.LAW_SEED ?? 777)
const T0 = 1_000_000 * 3_600_000

const walk = async (redis: Redis, { pool, steps }: History): Promise<void> => {
  const prefix = freshName("step")
  const ledger = emptyLedger()
  const sent: Command[] = []
  const trace: string[] = []
  const base = (division: string): string => baseOf(prefix, division)
  let atMs = T0 + 5 * 60_000
  let done = 0
  let heard = 0
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
      command = commandOf(any, pool, sent.length + 1, done, atMs, division, reserves)
      sent.push(command)
    }
    if (formProblemOf(command) !== null) continue
    const want = apply(ledger, command, atMs)
    const { keys, args } = argumentsOf(command, {
      base,
      shared: base("*"),
      terms: termsOf(command),
      nowMs: atMs,
      history: true,
      eventsKept: 10_000,
      auditKept: 10_000,
    })
    trace.push(
      `${(atMs - T0) / 1_000}s ${JSON.stringify(command)} → ${JSON.stringify(want.outcome)}`,
    )
    const value = await redis
      .eval(SCRIPTS.step, keys.length, ...keys, ...args)
      .catch((error: Error) => {
        throw new Error(`${error.message}\n${trace.join("\n")}`)
      })
    const got = answerOf(value, command)
    if (got.kind !== "applied") throw new Error("terms are missing")
    expect(plain(got.applied.outcome), trace.join("\n")).toEqual(plain(want.outcome))
    const log = await redis.xrange(`${base("*")}outbox:log:events`, `${heard + 1}-0`, "+")
    heard += log.length
    const events = log.map(([, fields]) => {
      const read = eventFromWire(JSON.parse(fields[1] ?? ""))
      if (!read.ok) throw new Error(read.reason)
      return read.value
    })
    expect(plain(events), trace.join("\n")).toEqual(plain(want.events))
  }
}

const NINE = { usd: 9, tokens: 0, requests: 0 }

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, one: unknown) =>
      key === "detail" ? undefined : one === Number.POSITIVE_INFINITY ? "Infinity" : one,
    ),
  )

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
  }, 120_000)

// A host under faults: makes calls through the engine, and tells each step of each call as soon as it is taken.
import { setTimeout as sleep } from "node:timers/promises"
import { createSpendfuse } from "@spendfuse/core"
import { randomOf } from "../random.mjs"
import { timerOf } from "./late.mjs"
import { CALL, HOLD_NANO, policyOf } from "./policy.mjs"

/** What may come after the deadline itself. */
export const SLACK_MS = 400

/**
 * @param store the real one
 * @param settings `name`, `policy` (see `policyOf`), `seed`, `deadlineMs`, `thinkMs` (how long a call runs at
 *   most), `holdMs` (life of a hold), `nowMs`
 * @param tell hears `{ kind, id, … }`: `asked`, `decided`, `refused`, `failed`, `admitted`, `spent` (the provider has been
 *   paid), `settled`, `ack` (the store has answered a command about the call), `notice`
 */
export const startHost = (store, settings, tell) => {
  const { name, policy, deadlineMs = 1_000, nowMs } = settings
  const spendfuse = createSpendfuse({
    policy: policyOf(policy),
    store: witnessed(store, tell),
    notifiers: { log: { name: "log", deliver: async () => undefined } },
    onNotice: (notice) => tell({ kind: "notice", what: notice.kind, message: notice.message }),
    storeDeadlineMs: deadlineMs,
    waitMs: 0,
    rememberRefusals: false,
    ...(nowMs === undefined ? {} : { nowMs }),
  })
  const random = randomOf(settings.seed ?? 1)
  let next = 0
  let isStopped = false
  const one = () => {
    next += 1
    return callOnce(spendfuse, { ...settings, deadlineMs, id: `${name}-${next}`, random }, tell)
  }
  return {
    spendfuse,
    one,
    /** So many calls, some of them at once; ends early at `halt`. */
    calls: async (count, width = 8) => {
      isStopped = false
      let left = count
      const worker = async () => {
        while (left > 0 && !isStopped) {
          left -= 1
          if ((await one()) === "store-unavailable") await sleep(20)
        }
      }
      await Promise.all(Array.from({ length: width }, worker))
    },
    halt: () => {
      isStopped = true
    },
    /** Makes calls until the store answers one: for at most two minutes. */
    back: async () => {
      const endMs = performance.now() + 120_000
      for (let last = await one(); last === "store-unavailable"; last = await one()) {
        if (performance.now() > endMs) throw new Error("the store did not come back within 120 s")
        await sleep(50)
      }
    },
    stop: () => spendfuse.close(),
  }
}

const callOnce = async (spendfuse, settings, tell) => {
  const { id, random, policy, thinkMs = 20, holdMs, deadlineMs } = settings
  const actual = 1 + Math.floor(random() * HOLD_NANO)
  const ranMs = random() * thinkMs
  tell({ kind: "asked", id })
  const fromMs = performance.now()
  const [deadline, late] = [timerOf(deadlineMs - 1), timerOf(deadlineMs + SLACK_MS)]
  try {
    const decision = await spendfuse.reserve({
      subject: policy.isEach === false ? {} : { call: id },
      amounts: { usd: HOLD_NANO },
      ...(holdMs === undefined ? {} : { expiresInMs: holdMs }),
    })
    const tookMs = performance.now() - fromMs
    tell({ kind: "decided", id, tookMs, hasWaited: deadline.wasOver(), isLate: late.wasOver() })
    if (!decision.allowed) {
      tell({ kind: "refused", id, reason: decision.reason })
      return decision.reason
    }
    const [line] = decision.lines
    const { withoutStore } = decision
    tell({ kind: "admitted", id, withoutStore, startMs: line.period.startMs })
    await sleep(ranMs)
    tell({ kind: "spent", id, actual })
    await decision.settle({ amounts: { usd: actual } })
    tell({ kind: "settled", id })
    return withoutStore ? "store-unavailable" : "settled"
  } catch (error) {
    tell({ kind: "failed", id, message: String(error?.message) })
    return `failed: ${error?.message}`
  }
}

/** Tells which commands the store has answered, by the call they are about. */
const witnessed = (store, tell) => {
  const callOf = new Map()
  const apply = async (commands, signal) => {
    const applied = await store.apply(commands, signal)
    for (const [at, { outcome }] of applied.entries()) {
      const command = commands[at]
      const named =
        "lines" in command && command.lines.find(({ account }) => account.startsWith(CALL))
      const own = "reservation" in command ? command.reservation : (command.ends ?? command.id)
      const key = `${own.source}/${own.n}`
      if (named) callOf.set(key, named.account.slice(CALL.length))
      const id = callOf.get(key)
      if (id !== undefined) tell({ kind: "ack", id, command: command.kind, outcome: outcome.kind })
    }
    return applied
  }
  return { ...store, apply }
}

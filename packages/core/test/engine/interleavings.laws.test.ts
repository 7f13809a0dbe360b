import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import type { Command } from "../../src/domain/command.ts"
import { createSpendfuse, type Notice, type Store, StoreUnavailable } from "../../src/index.ts"
import { fakeClock, k1, policyOf } from "./support.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 150)
const with_ = { seed: Number(process.env.LAW_SEED ?? 20_260_115), numRuns: RUNS }

/** What one caller does, and what becomes of its call. */
const caller = fc.record({
  usd: fc.integer({ min: 0, max: 400 }),
  spends: fc.integer({ min: 0, max: 400 }),
  how: fc.constantFrom("guard", "fails", "free", "aborts", "settles-twice", "parts"),
})
/** What becomes of the n-th command on its way. */
const fate = fc.constantFrom("pass", "pass", "pass", "lose-command", "lose-answer")

interface Caller {
  readonly usd: number
  readonly spends: number
  readonly how: "guard" | "fails" | "free" | "aborts" | "settles-twice" | "parts"
}

const world = (scheduler: fc.Scheduler, fates: readonly string[], rule: "deny" | "allow") => {
  const clock = fakeClock()
  const inner = memoryStore({ nowMs: clock.nowMs })
  const sent: Command[] = []
  const notices: Notice[] = []
  let isHealed = false
  const { applyNow, ...rest } = inner
  const arrive = scheduler.scheduleFunction(async (command: Command, at: number) => {
    const became = isHealed ? "pass" : (fates[at] ?? "pass")
    if (became === "lose-command") throw new StoreUnavailable("remote", "cut")
    const applied = applyNow(command)
    if (became === "lose-answer") throw new StoreUnavailable("remote", "cut")
    return [applied]
  })
  const store: Store = {
    ...rest,
    name: "remote",
    apply: async ([command]) => {
      if (command === undefined) return []
      sent.push(command)
      return isHealed ? [applyNow(command)] : arrive(command, sent.length - 1)
    },
  }
  const spendfuse = createSpendfuse({
    policy: policyOf({ onStoreUnavailable: rule }),
    store,
    nowMs: clock.nowMs,
    monotonicMs: clock.monotonicMs,
    random: () => 0,
    onNotice: (notice) => notices.push(notice),
    waitMs: 0,
    storeDeadlineMs: 60_000,
    rememberRefusals: false,
  })
  const heal = () => {
    isHealed = true
    clock.advance(5_000)
  }
  return { spendfuse, inner, sent, notices, heal }
}

/** One caller to its end; what the host knows that it has spent, null where it knows of nothing. */
const play = async (
  spendfuse: ReturnType<typeof world>["spendfuse"],
  { usd, spends, how }: Caller,
): Promise<number> => {
  const request = { subject: k1, amounts: { usd } }
  const spent = Math.min(usd, spends)
  const free = Object.assign(new Error("no"), { status: 400 })
  switch (how) {
    case "guard": {
      const done = await spendfuse.guard(request, async () => ({
        value: 1,
        amounts: { usd: spent },
      }))
      return done.allowed ? spent : 0
    }
    case "fails": {
      let isCalled = false
      const failing = async () => {
        isCalled = true
        throw new Error("reset")
      }
      await spendfuse.guard(request, failing).catch(() => undefined)
      return isCalled ? usd : 0
    }
    case "free":
      await spendfuse.guard(request, () => Promise.reject(free)).catch(() => undefined)
      return 0
    case "aborts": {
      const stop = new AbortController()
      const asked = spendfuse.reserve({ ...request, signal: stop.signal })
      void Promise.resolve().then(() => stop.abort(new Error("enough")))
      const decision = await asked.catch(() => null)
      if (decision?.allowed === true) await decision.release()
      return 0
    }
    case "settles-twice": {
      const decision = await spendfuse.reserve(request)
      if (!decision.allowed) return 0
      await Promise.all([
        decision.settle({ amounts: { usd: spent } }),
        decision.settle({ amounts: { usd: usd + 1 } }),
      ])
      return spent
    }
    case "parts": {
      const decision = await spendfuse.reserve(request)
      if (!decision.allowed) return 0
      const part = decision.settle({ amounts: { usd: Math.floor(spent / 2) }, final: false })
      await Promise.all([part, decision.settle({ amounts: { usd: spent } })])
      return spent
    }
  }
}

describe("calls, aborts and store failures in any order", () => {
  for (const rule of ["deny", "allow"] as const)
    it(`leave no hold, and count what was spent exactly once: ${rule}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.scheduler(),
          fc.array(caller, { minLength: 1, maxLength: 6 }),
          fc.array(fate, { maxLength: 16 }),
          async (scheduler, callers, fates) => {
            const { spendfuse, sent, notices, heal } = world(scheduler, fates, rule)
            const ended = Promise.all(callers.map((one) => play(spendfuse, one)))
            const known = await scheduler.waitFor(ended)
            heal()
            await scheduler.waitIdle()
            await posted(spendfuse, sent)
            const view = await spendfuse.account({ budget: "key", subject: k1 })
            const sum = known.reduce((one, other) => one + other, 0)
            expect({ settled: view.settled, held: view.held }).toEqual({ settled: sum, held: 0 })
            expect(notices.filter(({ kind }) => kind === "unposted")).toEqual([])
            expect(sent.at(-1)).toMatchObject({ done: (sent.at(-1)?.id.n ?? 0) - 1 })
            await spendfuse.close()
          },
        ),
        with_,
      )
    })
})

/** Asks until a command finds every number before it answered: then nothing is under way any more. */
const posted = async (
  spendfuse: ReturnType<typeof world>["spendfuse"],
  sent: readonly Command[],
): Promise<void> => {
  for (let i = 0; i < 6_000; i += 1) {
    const asked = { subject: { apiKey: "other" }, amounts: { usd: 0 } }
    const decision = await spendfuse.reserve(asked)
    if (decision.allowed) await decision.release()
    const last = sent.at(-1)
    if (last !== undefined && last.done === last.id.n - 1 && !decision.withoutStore) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

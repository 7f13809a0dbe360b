import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import type { Command } from "../../src/domain/command.ts"
import {
  type Admitted,
  createSpendfuse,
  type PolicyJson,
  type Spendfuse,
  type Store,
} from "../../src/index.ts"
import { fakeClock, policyOf } from "./support.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 300)
const with_ = { seed: Number(process.env.LAW_SEED ?? 20_260_115), numRuns: RUNS }

type Model = "left" | "right" | "both"

/** Two budgets of 10 nano-USD: of a model that is bound by one of them, and one that is bound by both. */
const half = (id: "left" | "right"): PolicyJson["budgets"][number] => ({
  id,
  per: ["platform"],
  limit: { usdNano: 10 },
  window: "hour",
  match: { model: [id, "both"] },
  tiers: [{ at: "100%", block: true }],
})

/** A Spendfuse that never asks again by itself: who is not woken waits for ever. */
const world = (
  apply: (command: Command, store: ReturnType<typeof memoryStore>) => ReturnType<Store["apply"]>,
) => {
  const clock = fakeClock()
  const inner = memoryStore({ nowMs: clock.nowMs })
  const { applyNow: _, ...rest } = inner
  const spendfuse = createSpendfuse({
    policy: policyOf({ budgets: [half("left"), half("right")] }),
    store: {
      ...rest,
      name: "remote",
      apply: async ([command]) => (command === undefined ? [] : apply(command, inner)),
    },
    nowMs: clock.nowMs,
    monotonicMs: clock.monotonicMs,
    random: () => 1e9,
    onNotice: () => undefined,
    waitMs: 3_600_000,
    storeDeadlineMs: 3_600_000,
  })
  return { spendfuse }
}

const ask = (spendfuse: Spendfuse, model: Model, usd: number) =>
  spendfuse.reserve({ subject: {}, model, amounts: { usd } })

const admitted = async (spendfuse: Spendfuse, model: Model, usd: number): Promise<Admitted> => {
  const decision = await ask(spendfuse, model, usd)
  if (!decision.allowed) throw new Error(decision.reason)
  return decision
}

/** All that can go on by itself has gone on. */
const quiet = () => new Promise((resolve) => setImmediate(resolve))

const caller = fc.record({
  model: fc.constantFrom<Model>("left", "right", "both"),
  usd: fc.integer({ min: 1, max: 10 }),
  ends: fc.constantFrom("settle", "release"),
  /** It gives up where it has not been let in by then. */
  givesUp: fc.boolean(),
})

describe("callers that wait at two budgets", () => {
  it("are all let in as room comes, without asking again by themselves; nobody waits where there is room", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.constantFrom<Model | null>(null, null, "left", "right"),
        fc.array(caller, { minLength: 1, maxLength: 8 }),
        async (scheduler, hung, callers) => {
          let isScheduled = false
          const { spendfuse } = world(async (command, store) => {
            if (isScheduled) await scheduler.schedule(Promise.resolve(), command.kind)
            const applied = store.applyNow(command)
            if (isScheduled) await scheduler.schedule(Promise.resolve(), "answer")
            return [applied]
          })
          if (hung !== null) await admitted(spendfuse, hung, 10)
          isScheduled = true
          const waiting = new Map(callers.map((one, at) => [at, one]))
          const enough = new Error("enough")
          const ended = callers.map(async ({ model, usd, ends, givesUp }, at) => {
            const stop = new AbortController()
            const asked = { subject: {}, model, amounts: { usd }, signal: stop.signal }
            const reserved = spendfuse.reserve(asked)
            if (givesUp)
              void scheduler.schedule(Promise.resolve(), "gives up").then(() => stop.abort(enough))
            const decision = await reserved.catch(() => null)
            waiting.delete(at)
            if (decision?.allowed !== true) return
            await scheduler.schedule(Promise.resolve(), "call")
            if (ends === "release") await decision.release()
            else await decision.settle({ amounts: { usd: 0 } })
          })
          await quiet()
          while (scheduler.count() > 0) {
            await scheduler.waitOne()
            await quiet()
          }
          const stuck = [...waiting.values()].filter(
            ({ model }) => hung === null || (model !== "both" && model !== hung),
          )
          expect(stuck).toEqual([])
          await spendfuse.close()
          await Promise.all(ended)
        },
      ),
      with_,
    )
  })

  const direct = () => world(async (command, store) => [store.applyNow(command)])

  it("hold nobody up where there is room again, though they wait for another", async () => {
    const { spendfuse } = direct()
    const left = await admitted(spendfuse, "left", 10)
    await admitted(spendfuse, "right", 10)
    const both = ask(spendfuse, "both", 1).catch((error: unknown) => error)
    await quiet()
    const behind = ask(spendfuse, "left", 10)
    await quiet()
    await left.release()
    expect(await behind).toMatchObject({ allowed: true })
    await spendfuse.close()
    expect(await both).toMatchObject({ _tag: "SpendfuseClosed" })
  })

  it("are not passed by for ever by those who need less", async () => {
    const { spendfuse } = direct()
    const left = await admitted(spendfuse, "left", 10)
    const right = await admitted(spendfuse, "right", 10)
    let isIn = false
    const both = admitted(spendfuse, "both", 10).then((held) => {
      isIn = true
      return held
    })
    await quiet()
    let turns = 0
    const loop = async () => {
      while (!isIn && turns < 100) {
        turns += 1
        const held = await admitted(spendfuse, "right", 10)
        await quiet()
        await held.release()
      }
    }
    const loops = [loop(), loop(), loop()]
    await quiet()
    await right.release()
    await quiet()
    await left.release()
    await (await both).release()
    await Promise.all(loops)
    expect(turns).toBeLessThan(10)
    await spendfuse.close()
  })

  it("are let in though the one is taken whenever the other comes free", async () => {
    const { spendfuse } = direct()
    const held = {
      left: await admitted(spendfuse, "left", 10),
      right: await admitted(spendfuse, "right", 10),
    }
    let isIn = false
    const both = admitted(spendfuse, "both", 10).then((one) => {
      isIn = true
      return one
    })
    await quiet()
    const others: Promise<void>[] = []
    let turns = 0
    for (; !isIn && turns < 100; turns += 1) {
      const side = turns % 2 === 0 ? "left" : "right"
      const taken = held[side]
      const next = admitted(spendfuse, side, 10).then((one) => {
        held[side] = one
        if (isIn) return one.release()
      })
      others.push(next)
      await quiet()
      await taken.release()
      await quiet()
    }
    expect(turns).toBeLessThan(20)
    await (await both).release()
    await Promise.all(others)
    await spendfuse.close()
  })

  it("pass nobody who came before them, at whichever of their budgets that one waits", async () => {
    const { spendfuse } = direct()
    const left = await admitted(spendfuse, "left", 10)
    const right = await admitted(spendfuse, "right", 6)
    const order: string[] = []
    const waits = async (name: string, model: Model, usd: number) => {
      const held = await admitted(spendfuse, model, usd)
      order.push(name)
      return held
    }
    const ahead = waits("ahead", "left", 1)
    await quiet()
    const large = waits("large", "right", 10)
    await quiet()
    const both = waits("both", "both", 4)
    await quiet()
    await left.release()
    await quiet()
    expect(order).toEqual(["ahead"])
    await right.release()
    await (await large).release()
    await (await both).release()
    await (await ahead).release()
    expect(order).toEqual(["ahead", "large", "both"])
    await spendfuse.close()
  })

  it("keep the place of their arrival where they are sent from one to the other", async () => {
    const { spendfuse } = direct()
    const left = await admitted(spendfuse, "left", 10)
    const first = admitted(spendfuse, "both", 10)
    await quiet()
    const right = await admitted(spendfuse, "right", 10)
    let isSecondIn = false
    const second = admitted(spendfuse, "right", 10).then((held) => {
      isSecondIn = true
      return held
    })
    await quiet()
    await left.release()
    await quiet()
    await right.release()
    const held = await first
    await quiet()
    expect(isSecondIn).toBe(false)
    await held.release()
    await (await second).release()
    await spendfuse.close()
  })

  it("are turned away at close, also where they are asking just then", async () => {
    let answer: (() => void) | null = null
    let isSlow = false
    const { spendfuse } = world(async (command, store) => {
      const applied = store.applyNow(command)
      if (isSlow && command.kind === "reserve")
        await new Promise<void>((resolve) => {
          answer = resolve
        })
      return [applied]
    })
    const held = await admitted(spendfuse, "left", 4)
    await admitted(spendfuse, "left", 6)
    const waits = ask(spendfuse, "left", 5).catch((error: unknown) => error)
    await quiet()
    isSlow = true
    await held.release()
    await quiet()
    expect(answer).not.toBeNull()
    const closed = spendfuse.close()
    ;(answer as (() => void) | null)?.()
    await closed
    expect(await waits).toMatchObject({ _tag: "SpendfuseClosed" })
  })
})

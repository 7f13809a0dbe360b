import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import * as Fuse from "../../src/effect.ts"
import { StoreUnavailable } from "../../src/index.ts"
import { capped, fakeClock, k1, policyOf, remote } from "../engine/support.ts"

const request = { subject: k1, amounts: { usd: 400 } }

const opened = (json: Parameters<typeof policyOf>[0] = {}) => {
  const clock = fakeClock()
  const { store, control } = remote(memoryStore({ nowMs: clock.nowMs }), clock.nowMs)
  const layer = Fuse.layer({
    policy: policyOf(json),
    nowMs: clock.nowMs,
    onNotice: () => undefined,
    waitMs: 0,
    storeDeadlineMs: 50,
    rememberRefusals: false,
  }).pipe(Layer.provide(Fuse.layerStore(store)))
  const run = <A, E>(effect: Effect.Effect<A, E, Fuse.Spendfuse>) =>
    Effect.runPromiseExit(Effect.provide(effect, layer))
  return { control, run }
}

const amounts = Effect.gen(function* () {
  const fuse = yield* Fuse.Spendfuse
  const [left] = yield* fuse.remaining(k1)
  return { settled: left?.settled, held: left?.held }
})

const failureOf = <A, E>(exit: Exit.Exit<A, E>): unknown =>
  Exit.isFailure(exit) ? Cause.squash(exit.cause) : "no failure"

describe("reserve and settle as Effects", () => {
  it("decide, count, and refuse by a value", async () => {
    const { run } = opened()
    const exit = await run(
      Effect.gen(function* () {
        const fuse = yield* Fuse.Spendfuse
        const decision = yield* fuse.reserve(request)
        if (!decision.allowed) return yield* Effect.die("refused")
        yield* fuse.settle(decision, { amounts: { usd: 300 } })
        const refused = yield* fuse.reserve({ ...request, amounts: { usd: 701 } })
        return { refused: refused.allowed, left: yield* amounts }
      }),
    )
    expect(exit).toEqual(Exit.succeed({ refused: false, left: { settled: 300, held: 0 } }))
  })

  it("fail by their tags, which a program can catch", async () => {
    const { run } = opened()
    const exit = await run(
      Effect.gen(function* () {
        const fuse = yield* Fuse.Spendfuse
        return yield* fuse.reserve({ subject: {}, amounts: { usd: 1 } }).pipe(
          Effect.map(() => "decided"),
          Effect.catchTag("RequestFailed", ({ error }) => Effect.succeed(error)),
        )
      }),
    )
    expect(exit).toEqual(Exit.succeed("missing-dimension"))
  })

  it("hold nothing where they are interrupted, before the answer or after it", async () => {
    for (const fate of ["late", "pass"] as const) {
      const { run, control } = opened()
      control.fateOf = ({ kind }) => (kind === "reserve" ? fate : "pass")
      const exit = await run(
        Effect.gen(function* () {
          const fuse = yield* Fuse.Spendfuse
          const fiber = yield* Effect.forkChild(fuse.reserve(request))
          yield* Effect.yieldNow
          yield* Fiber.interrupt(fiber)
          control.arrive()
          yield* Effect.sleep(20)
          return yield* amounts
        }),
      )
      expect(exit).toEqual(Exit.succeed({ settled: 0, held: 0 }))
    }
  })
})

describe("an interrupted reserve", () => {
  it("stops waiting for a busy budget at once", async () => {
    const { run } = opened()
    const exit = await run(
      Effect.gen(function* () {
        const fuse = yield* Fuse.Spendfuse
        yield* fuse.reserve({ ...request, amounts: { usd: 900 } })
        const waits = fuse.reserve({ ...request, waitMs: 60_000 })
        const fiber = yield* Effect.forkChild(waits)
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(fiber)
        return yield* amounts
      }),
    )
    expect(exit).toEqual(Exit.succeed({ settled: 0, held: 900 }))
  })

  it("gives back what was admitted before it heard of the interruption", async () => {
    for (let yields = 0; yields < 4; yields += 1) {
      const layer = Fuse.layer({ policy: policyOf(), onNotice: () => undefined, waitMs: 0 }).pipe(
        Layer.provide(Fuse.layerStore(memoryStore())),
      )
      const program = Effect.gen(function* () {
        const fuse = yield* Fuse.Spendfuse
        const fiber = yield* Effect.forkChild(fuse.reserve(request), { startImmediately: true })
        for (let i = 0; i < yields; i += 1) yield* Effect.yieldNow
        yield* Fiber.interrupt(fiber)
        const exit = yield* Fiber.await(fiber)
        return { isAdmitted: Exit.isSuccess(exit), left: yield* amounts }
      })
      const exit = await Effect.runPromiseExit(Effect.provide(program, layer))
      if (!Exit.isSuccess(exit)) throw new Error("failed")
      const { isAdmitted, left } = exit.value
      expect(left.held).toBe(isAdmitted ? 400 : 0)
      if (yields === 0) expect(isAdmitted).toBe(false)
    }
  })
})

describe("guard as an Effect", () => {
  const guarded = <E>(call: Effect.Effect<{ value: string; amounts: { usd: number } }, E>) =>
    Effect.gen(function* () {
      const fuse = yield* Fuse.Spendfuse
      const exit = yield* Effect.exit(fuse.guard(request, () => call))
      return { exit, left: yield* amounts }
    })

  it("settles what the call says", async () => {
    const { run } = opened()
    const exit = await run(guarded(Effect.succeed({ value: "hi", amounts: { usd: 300 } })))
    if (!Exit.isSuccess(exit)) throw new Error("failed")
    expect(exit.value.left).toEqual({ settled: 300, held: 0 })
    expect(exit.value.exit).toMatchObject({ value: { allowed: true, value: "hi" } })
  })

  it("hands on the call's own failure, and counts the whole hold unless it was free", async () => {
    for (const [status, settled] of [
      [400, 0],
      [500, 400],
    ]) {
      const { run } = opened()
      const failure = { _tag: "Upstream", status }
      const exit = await run(guarded(Effect.fail(failure)))
      if (!Exit.isSuccess(exit)) throw new Error("failed")
      expect(failureOf(exit.value.exit)).toBe(failure)
      expect(exit.value.left).toEqual({ settled, held: 0 })
    }
  })

  it("counts the whole hold where the call is interrupted", async () => {
    const { run, control } = opened()
    const exit = await run(
      Effect.gen(function* () {
        const fuse = yield* Fuse.Spendfuse
        const fiber = yield* Effect.forkChild(fuse.guard(request, () => Effect.never))
        yield* Effect.sleep(20)
        yield* Fiber.interrupt(fiber)
        return yield* amounts
      }),
    )
    expect(exit).toEqual(Exit.succeed({ settled: 400, held: 0 }))
    expect(control.kinds()).toEqual(["reserve", "settle"])
  })

  it("never calls where the request is refused, or the store is not there", async () => {
    const { run, control } = opened()
    const call = () => Effect.die("called")
    const refused = await run(
      Effect.flatMap(Fuse.Spendfuse, (fuse) =>
        fuse.guard({ ...request, amounts: { usd: 2000 } }, call),
      ),
    )
    expect(refused).toMatchObject({ value: { allowed: false, reason: "too-large" } })
    const dead = opened()
    dead.control.fateOf = () => "lose-command"
    const away = await dead.run(Effect.flatMap(Fuse.Spendfuse, (fuse) => fuse.guard(request, call)))
    expect(away).toMatchObject({ value: { allowed: false, reason: "store-unavailable" } })
    expect(control.kinds()).toEqual(["reserve"])
  })
})

describe("the layer", () => {
  it("takes notifiers and prices where they are provided, and fails where a channel has none", async () => {
    const told: string[] = []
    const [budget] = capped
    if (budget === undefined) throw new Error("no budget")
    const budgets = [{ ...budget, tiers: [{ at: "50%", notify: ["slack"] }, ...budget.tiers] }]
    const layer = Fuse.layer({ policy: policyOf({ budgets }), onNotice: () => undefined })
    const program = Effect.gen(function* () {
      const fuse = yield* Fuse.Spendfuse
      const decision = yield* fuse.reserve({ ...request, amounts: { usd: 600 } })
      if (decision.allowed) yield* fuse.settle(decision, { amounts: { usd: 600 } })
      yield* Effect.promise(() => fuse.promises.flush())
    })
    const store = Fuse.layerStore(memoryStore())
    const without = await Effect.runPromiseExit(
      Effect.provide(program, layer.pipe(Layer.provide(store))),
    )
    expect(failureOf(without)).toMatchObject({ _tag: "PolicyInvalid" })
    const notifiers = Fuse.layerNotifiers({
      slack: { name: "slack", deliver: async (events) => void told.push(`${events.length}`) },
    })
    const all = layer.pipe(Layer.provide(Layer.mergeAll(Fuse.layerStore(memoryStore()), notifiers)))
    expect(Exit.isSuccess(await Effect.runPromiseExit(Effect.provide(program, all)))).toBe(true)
    expect(told).toEqual(["1"])
  })

  it("closes with its scope", async () => {
    const { run } = opened()
    const exit = await run(Fuse.Spendfuse.pipe(Effect.map(({ promises }) => promises)))
    if (!Exit.isSuccess(exit)) throw new Error("failed")
    await expect(exit.value.reserve(request)).rejects.toMatchObject({ _tag: "SpendfuseClosed" })
  })

  it("fails by the store's own tag where it cannot be read", async () => {
    const clock = fakeClock()
    const { store } = remote(memoryStore({ nowMs: clock.nowMs }), clock.nowMs)
    const gone = { ...store, read: () => Promise.reject(new StoreUnavailable("far", "cut")) }
    const layer = Fuse.layer({
      policy: policyOf(),
      nowMs: clock.nowMs,
      onNotice: () => undefined,
    }).pipe(Layer.provide(Fuse.layerStore(gone)))
    const exit = await Effect.runPromiseExit(
      Effect.provide(
        amounts.pipe(Effect.catchTag("StoreUnavailable", () => Effect.succeed("away"))),
        layer,
      ),
    )
    expect(exit).toEqual(Exit.succeed("away"))
  })
})

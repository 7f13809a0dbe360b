import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../store-memory/src/index.ts"
import type { Command } from "../../src/domain/command.ts"
import type { CommandError } from "../../src/domain/outcome.ts"
import { type Fate, far, k1, until } from "./support.ts"

const HOUR_MS = 3_600_000

/** The fate of the first command of a kind; the others pass. */
const first = (kind: Command["kind"], fate: Fate): ((command: Command) => Fate) => {
  let isOver = false
  return (command) => {
    if (isOver || command.kind !== kind) return "pass"
    isOver = true
    return fate
  }
}

/** The first command of a kind is not applied: it ends in this error. */
const failing = (kind: Command["kind"], error: CommandError) => {
  let isOver = false
  return (command: Command): CommandError | null => {
    if (isOver || command.kind !== kind) return null
    isOver = true
    return error
  }
}

const numbers = (commands: readonly Command[]) =>
  commands.map(({ kind, id, done }) => `${kind} ${id.n} done ${done}`)

describe("a Reserve without an answer", () => {
  for (const fate of ["lose-command", "lose-answer"] as const)
    it(`is released, and its number counts as answered only then: ${fate}`, async () => {
      const { control, reserve, meter, spendfuse } = far()
      control.fateOf = first("reserve", fate)
      expect(await reserve(400)).toMatchObject({
        allowed: false,
        reason: "store-unavailable",
        withoutStore: true,
      })
      await until(() => control.sent.length === 2)
      expect(await meter()).toEqual({ settled: 0, held: 0 })
      expect(await reserve(1000)).toMatchObject({ allowed: true })
      expect(numbers(control.sent)).toEqual([
        "reserve 1 done 0",
        "release 2 done 0",
        "reserve 3 done 2",
      ])
      await spendfuse.close()
    })

  it("holds nothing where it comes after its Release", async () => {
    const { control, reserve, meter } = far()
    control.fateOf = first("reserve", "late")
    expect(await reserve(400)).toMatchObject({ allowed: false, reason: "store-unavailable" })
    await until(() => control.sent.length === 2)
    control.arrive()
    expect(await meter()).toEqual({ settled: 0, held: 0 })
  })

  it("is not taken for answered where its answer comes after the deadline", async () => {
    const { control, admitted, reserve, meter } = far()
    await admitted(1)
    control.fateOf = ({ kind, id }) =>
      kind === "release" ? "lose-command" : id.n === 2 ? "slow" : "pass"
    expect(await reserve(400)).toMatchObject({ allowed: false, reason: "store-unavailable" })
    control.arrive()
    await new Promise((resolve) => setTimeout(resolve, 5))
    await admitted(1)
    expect(numbers(control.sent).at(-1)).toBe("reserve 4 done 1")
    control.fateOf = () => "pass"
    await until(() => control.kinds().filter((kind) => kind === "release").length >= 2)
    await admitted(1)
    expect(numbers(control.sent).at(-1)).toBe("reserve 5 done 4")
    expect((await meter()).held).toBe(3)
  })

  it("holds nothing where its caller aborts meanwhile", async () => {
    const { control, spendfuse, meter } = far()
    control.fateOf = first("reserve", "late")
    const stop = new AbortController()
    const asked = spendfuse.reserve({ subject: k1, amounts: { usd: 400 }, signal: stop.signal })
    stop.abort(new Error("enough"))
    await expect(asked).rejects.toThrow("enough")
    control.arrive()
    await until(() => control.sent.length === 2)
    expect(control.kinds()).toEqual(["reserve", "release"])
    expect(await meter()).toEqual({ settled: 0, held: 0 })
  })

  it("holds nothing where its caller aborts at any moment around the answer", async () => {
    let aborted = 0
    for (let turns = 0; turns < 12; turns += 1) {
      const { control, spendfuse, meter } = far()
      const stop = new AbortController()
      control.change = (applied, { kind }) => {
        const after = async (): Promise<void> => {
          for (let i = 0; i < turns; i += 1) await Promise.resolve()
          stop.abort(new Error("enough"))
        }
        if (kind === "reserve") void after()
        return applied
      }
      const request = { subject: k1, amounts: { usd: 400 }, signal: stop.signal }
      const decision = await spendfuse.reserve(request).catch(() => null)
      if (decision?.allowed === true) await decision.release()
      else aborted += 1
      await until(() => control.kinds().includes("release"))
      expect(await meter()).toEqual({ settled: 0, held: 0 })
      expect(control.kinds()).toEqual(["reserve", "release"])
    }
    expect(aborted).toBeGreaterThan(0)
    expect(aborted).toBeLessThan(12)
  })

  it("sends nothing where the caller has aborted before", async () => {
    const { control, spendfuse } = far()
    const signal = AbortSignal.abort(new Error("before"))
    await expect(spendfuse.reserve({ subject: k1, amounts: { usd: 1 }, signal })).rejects.toThrow(
      "before",
    )
    expect(control.sent).toEqual([])
  })
})

describe("a Settle without an answer", () => {
  for (const fate of ["lose-command", "lose-answer"] as const)
    it(`is sent again under its number, and counts once: ${fate}`, async () => {
      const { control, admitted, meter } = far()
      const held = await admitted(400)
      control.fateOf = first("settle", fate)
      expect(await held.settle({ amounts: { usd: 300 } })).toMatchObject({
        amounts: { usd: 300 },
      })
      await until(() => control.sent.length === 3)
      await held.settle({ amounts: { usd: 300 } })
      expect(await meter()).toEqual({ settled: 300, held: 0 })
      expect(control.sent[1]).toEqual(control.sent[2])
      await admitted(1)
      expect(numbers(control.sent.slice(3))).toEqual(["reserve 3 done 2"])
    })

  it("is charged where the store does not know the reservation, and no final settle was sent before", async () => {
    const { control, admitted, notices } = far()
    const held = await admitted(400)
    control.errorOf = failing("settle", "unknown-reservation")
    await held.settle({ amounts: { usd: 300 } })
    await until(() => control.sent.length === 3)
    expect(control.sent[2]).toMatchObject({ kind: "charge", amounts: { usd: 300 }, ends: { n: 1 } })
    expect(notices).toEqual([])
  })

  it("is told as unposted where one was sent before", async () => {
    const { control, admitted, notices } = far()
    const held = await admitted(400)
    control.fateOf = first("settle", "lose-command")
    control.errorOf = failing("settle", "unknown-reservation")
    await held.settle({ amounts: { usd: 300 } })
    await until(() => notices.length === 1)
    expect(control.kinds()).toEqual(["reserve", "settle", "settle"])
    expect(notices).toMatchObject([
      { kind: "unposted", accounts: ["key/k1"], amounts: { usd: 300 } },
    ])
  })

  it("is not sent again after 12 hours of the monotonic clock", async () => {
    const { control, admitted, notices, clock } = far()
    const held = await admitted(400)
    control.fateOf = ({ kind }) => (kind === "settle" ? "lose-answer" : "pass")
    await held.settle({ amounts: { usd: 300 } })
    clock.advance(12 * HOUR_MS + 1)
    const sent = control.sent.length
    await until(() => notices.length === 1)
    expect(control.sent.length).toBeLessThanOrEqual(sent + 1)
    expect(notices).toMatchObject([{ kind: "unposted", amounts: { usd: 300 } }])
  })
})

describe("numbers in flight", () => {
  it("never pass 1,024 under one name, and what is lost for ever holds up nobody", async () => {
    const { control, reserve, admitted, meter, spendfuse } = far()
    control.fateOf = ({ kind }) => (kind === "reserve" ? "late" : "pass")
    const answers = await Promise.all(Array.from({ length: 1_100 }, () => reserve(0)))
    expect(answers.every(({ withoutStore }) => withoutStore)).toBe(true)
    control.fateOf = () => "pass"
    const countOf = (kind: string) => control.kinds().filter((one) => one === kind).length
    expect(countOf("reserve")).toBeGreaterThanOrEqual(1_024)
    await until(() => countOf("release") === countOf("reserve"))
    control.arrive()
    expect((await meter()).held).toBe(0)
    await admitted(1)
    for (const { id, done } of control.sent) expect(id.n - done).toBeLessThanOrEqual(1_024)
    expect(new Set(control.sent.map(({ id }) => id.source)).size).toBe(2)
    await spendfuse.close()
  })

  it("are given out although a call without an answer still runs", async () => {
    const { control, admitted, meter } = far({ onStoreUnavailable: "allow" })
    control.fateOf = first("reserve", "lose-answer")
    const long = await admitted(500)
    for (let i = 0; i < 600; i += 1) await (await admitted(0)).settle({ amounts: { usd: 0 } })
    expect(await admitted(1)).toMatchObject({ withoutStore: false })
    await long.settle({ amounts: { usd: 100 } })
    await until(() => control.kinds().includes("charge"))
    expect(await meter()).toEqual({ settled: 100, held: 1 })
  })

  it("are not held up by one that the store never takes while it answers others", async () => {
    const { control, admitted, notices, spendfuse } = far({ onStoreUnavailable: "allow" })
    control.fateOf = () => "lose-command"
    await (await admitted(300)).settle({ amounts: { usd: 300 } })
    control.fateOf = ({ kind }) => (kind === "charge" ? "lose-command" : "pass")
    for (let i = 0; i < 60 && notices.length === 0; i += 1) {
      await spendfuse.operator.expire()
      await admitted(0)
    }
    expect(notices).toMatchObject([{ kind: "unposted", amounts: { usd: 300 } }])
    expect(await admitted(1)).toMatchObject({ withoutStore: false })
  })
})

describe("answers that are not this process's", () => {
  it("never uses a replayed admission: it asks anew under a new name", async () => {
    const { control, admitted, notices, meter } = far()
    control.fateOf = first("reserve", "twice")
    const held = await admitted(400)
    const [asked, anew] = control.sent
    expect(anew?.id.source).not.toBe(asked?.id.source)
    expect(held.reservation).toBe(`${anew?.id.source}/1`)
    expect(notices).toMatchObject([{ kind: "warning" }])
    // The other hold is somebody else's, who may be calling a provider on it.
    expect(await meter()).toEqual({ settled: 0, held: 800 })
  })

  for (const error of ["unknown-source", "conflict", "already-answered"] as const)
    it(`goes on under a new name after ${error}`, async () => {
      const { control, admitted, notices, meter } = far()
      control.errorOf = failing("reserve", error)
      const held = await admitted(400)
      await held.settle({ amounts: { usd: 100 } })
      const [before, after, settle] = control.sent
      expect(after?.id.source).not.toBe(before?.id.source)
      expect(settle?.id).toEqual({ source: after?.id.source, n: 2 })
      expect((await meter()).settled).toBe(100)
      const kind = error === "already-answered" ? "ledger-rewound" : "warning"
      expect(notices.filter((notice) => notice.kind === kind)).toHaveLength(
        error === "unknown-source" ? 0 : 1,
      )
    })

  it("settles under the new name what it reserved under the old one", async () => {
    const { control, admitted, meter } = far()
    const held = await admitted(400)
    control.errorOf = failing("settle", "unknown-source")
    await held.settle({ amounts: { usd: 300 } })
    expect(control.kinds()).toEqual(["reserve", "settle", "settle"])
    expect(control.sent[1]?.id.source).not.toBe(control.sent[2]?.id.source)
    expect(await meter()).toEqual({ settled: 300, held: 0 })
  })

  it("issues anew where the store says that the clock is off", async () => {
    const { control, admitted } = far()
    control.errorOf = failing("reserve", "skewed")
    await admitted(1)
    // The store knows no name that it has only answered with errors.
    expect(numbers(control.sent)).toEqual(["reserve 1 done 0", "reserve 2 done 0"])
    await admitted(1)
    expect(numbers(control.sent).at(-1)).toBe("reserve 3 done 2")
  })

  it("does not trust a store more than 10 minutes away, however often it says so", async () => {
    const { control, reserve, meter } = far()
    control.change = (applied) => ({ ...applied, storeTimeMs: applied.storeTimeMs + 600_001 })
    for (let i = 0; i < 3; i += 1)
      expect(await reserve(100)).toMatchObject({ reason: "store-unavailable", withoutStore: true })
    control.change = (applied) => applied
    await until(() => control.kinds().filter((kind) => kind === "release").length >= 3)
    expect((await meter()).held).toBe(0)
  })

  it("follows a clock that is a little off, and says so once", async () => {
    const { control, admitted, notices, clock } = far()
    control.change = (applied) => ({ ...applied, storeTimeMs: applied.storeTimeMs + 5_000 })
    await admitted(1)
    await admitted(1)
    expect(control.sent.at(-1)).toMatchObject({ issuedAtMs: clock.nowMs() + 5_000 })
    expect(notices).toMatchObject([
      { kind: "warning", message: expect.stringContaining("5000 ms") },
    ])
  })
})

describe("a store that has lost what it had answered", () => {
  const off = { by: "ada", why: "leaked", state: "off" } as const

  it("is told again the switches that are known, before it admits", async () => {
    const { control, admitted, reserve, notices, spendfuse, inner } = far()
    await admitted(1)
    await spendfuse.operator.switch({ dimension: "apiKey", value: "k1" }, off)
    await admitted(1).catch(() => undefined)
    const on = { id: { source: "restored", n: 1 }, done: 0, division: "*", by: "x", why: "y" }
    inner.applyNow({ ...on, kind: "switch", switch: "apiKey=k1", state: "on", untilMs: null })
    control.change = (applied) => ({ ...applied, done: 0 })
    expect(await reserve(1)).toMatchObject({ allowed: false, reason: "switched-off" })
    expect(notices).toMatchObject([{ kind: "ledger-rewound" }])
    expect(control.sent).toContainEqual(
      expect.objectContaining({ kind: "switch", state: "off", by: "spendfuse" }),
    )
  })

  it("is noticed by an older generation, and trips again what was latched", async () => {
    const latching = {
      budgets: [
        {
          id: "key",
          per: ["apiKey"],
          limit: { usdNano: 1000 },
          window: "hour" as const,
          tiers: [{ at: "100%", latch: true as const }],
        },
      ],
    }
    const { admitted, reserve, spendfuse, control, clock, notices } = far(latching)
    const held = await admitted(1000)
    await held.settle({ amounts: { usd: 1000 } })
    expect(await reserve(1)).toMatchObject({ allowed: false, reason: "latched" })
    control.failOverTo(memoryStore({ nowMs: clock.nowMs }))
    await spendfuse.remaining(k1)
    await until(() => control.kinds().includes("trip"))
    expect(await reserve(1)).toMatchObject({ allowed: false, reason: "open" })
    expect(notices).toMatchObject([{ kind: "ledger-rewound" }])
    const account = { budget: "key", subject: k1 }
    await spendfuse.operator.acknowledge(account, { by: "ada", why: "seen" })
    expect(await reserve(1)).toMatchObject({ allowed: true })
  })
})

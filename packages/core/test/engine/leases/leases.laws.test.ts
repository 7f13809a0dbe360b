import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Admitted } from "../../../src/index.ts"
import { hostsOf, leased, quietly } from "./leaseHosts.ts"

const SEED = Number(process.env.LAW_SEED ?? 20_260_115)
const RUNS = Number(process.env.LAW_RUNS ?? 60)
const CAP = 400

type Host = ReturnType<typeof hostsOf>["hosts"][number]

interface Call {
  readonly host: number
  readonly decision: Admitted
  /** What it holds by our own book. */
  held: number
  /** What it was settled for so far. */
  part: number
}

const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("reserve"), a: fc.nat(), n: fc.nat(11) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("settle"), a: fc.nat(), n: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("part"), a: fc.nat(), n: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("release"), a: fc.nat(), n: fc.nat(1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass"), a: fc.nat(9_000), n: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("crash"), a: fc.nat(), n: fc.nat(1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("silence"), a: fc.nat(), n: fc.nat(3) }) },
)

const world = () => {
  const all = hostsOf(4, {
    budgets: leased(CAP, { limit: { tokens: CAP }, lease: { share: "25%", for: "20s" } }),
  })
  const { clock, hosts, meter } = all
  const dead = new Set<number>()
  let running: Call[] = []
  /** What was really spent, and what calls of dead hosts may have cost. */
  let spent = 0
  const live = (n: number): number | undefined => {
    const at = hosts.map((_, host) => host).filter((host) => !dead.has(host))
    return at[n % Math.max(1, at.length)]
  }
  const pick = (n: number): Call | undefined => running[n % Math.max(1, running.length)]
  const look = async () => {
    for (const [at, { engine }] of hosts.entries()) if (!dead.has(at)) void engine.leases.look()
    await quietly()
  }
  const act: Record<string, (a: number, n: number) => Promise<void>> = {
    reserve: async (a, n) => {
      const host = live(a)
      if (host === undefined) return
      const { engine, subject } = hosts[host] as Host
      const decision = await engine.reserve({ subject, amounts: { tokens: n } })
      if (decision.allowed) running.push({ host, decision, held: n, part: 0 })
    },
    settle: async (a, n) => {
      const call = pick(a)
      if (call === undefined) return
      const tokens = Math.min(n, call.held)
      running = running.filter((other) => other !== call)
      spent += tokens
      await call.decision.settle({ amounts: { tokens } })
    },
    part: async (a, n) => {
      const call = pick(a)
      if (call === undefined) return
      const tokens = Math.min(n, call.held)
      call.part = tokens
      await call.decision.settle({ amounts: { tokens }, final: false })
    },
    release: async (a) => {
      const call = pick(a)
      // A partial settle of a call without a slice may be lost with its answer: it is no release then.
      if (call === undefined || call.part > 0) return
      running = running.filter((other) => other !== call)
      await call.decision.release()
    },
    pass: async (a) => {
      clock.advance(a)
      await look()
    },
    crash: async (a) => {
      const host = live(a)
      if (host === undefined || dead.size > 1) return
      dead.add(host)
      const { control } = hosts[host] as Host
      control.fateOf = () => "lose-command"
      for (const call of running) if (call.host === host) spent += call.held
      running = running.filter((call) => call.host !== host)
    },
    silence: async (a, n) => {
      const host = live(a)
      if (host === undefined) return
      let left = n
      ;(hosts[host] as Host).control.fateOf = () => {
        left -= 1
        if (left < 0) return "pass"
        return left % 2 === 0 ? "lose-answer" : "lose-command"
      }
    },
  }
  const check = async () => {
    const { settled, held } = await meter()
    expect(settled + held).toBeLessThanOrEqual(CAP)
    const mine = running.reduce((sum, call) => sum + call.held, 0)
    expect(spent + mine).toBeLessThanOrEqual(settled + held)
  }
  const end = async () => {
    for (const call of [...running]) await act.settle?.(running.indexOf(call), 11)
    for (const [at, { engine, control }] of hosts.entries()) {
      if (dead.has(at)) continue
      control.fateOf = () => "pass"
      await engine.posts.flush()
      await engine.close()
    }
    clock.advance(3_600_000)
    all.inner.applyNow({
      kind: "expire",
      id: { source: "end", n: 1 },
      done: 0,
      division: "*",
    })
  }
  return { ...all, dead, act, check, end, spent: () => spent }
}

describe("slices of many hosts", () => {
  it("never let more be spent or run than the store holds, nor more than the cap", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 120 }), async (steps) => {
        const { act, check, end, meter, dead, spent, notices } = world()
        for (const { do: what, a, n } of steps) {
          await act[what]?.(a, n)
          await quietly()
          await check()
        }
        await end()
        const { settled, held } = await meter()
        expect(held).toBe(0)
        expect(settled).toBeGreaterThanOrEqual(spent())
        if (dead.size === 0) expect(settled).toBe(spent())
        expect(notices.filter(({ kind }) => kind === "unposted")).toEqual([])
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })
})

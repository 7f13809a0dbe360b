import { describe, expect, it } from "vitest"
import { far, k1 } from "../engine/support.ts"

const request = { subject: k1, amounts: { usd: 400 } }
const ends = new Set(["settle", "release", "charge"])

const cases = [
  { name: "settles what the call says", fails: null, settled: 250 },
  { name: "counts the whole hold where the call fails", fails: new Error("reset"), settled: 400 },
  {
    name: "gives all back on a 4xx",
    fails: Object.assign(new Error("no"), { status: 400 }),
    settled: 0,
  },
  {
    name: "counts all on a 5xx",
    fails: Object.assign(new Error("no"), { status: 503 }),
    settled: 400,
  },
  { name: "counts all where something is thrown that is no error", fails: "text", settled: 400 },
]

describe("guard", () => {
  for (const { name, fails, settled } of cases)
    it(`${name}, by exactly one command`, async () => {
      const { spendfuse, control, meter } = far()
      const guarded = spendfuse.guard(request, async (granted) => {
        expect(granted.held.usd).toBe(400)
        if (fails !== null) throw fails
        return { value: "hello", amounts: { usd: 250 } }
      })
      if (fails === null) expect(await guarded).toMatchObject({ allowed: true, value: "hello" })
      else await expect(guarded).rejects.toBe(fails)
      expect(control.kinds().filter((kind) => ends.has(kind))).toHaveLength(1)
      expect(await meter()).toEqual({ settled, held: 0 })
    })

  it("answers a refusal as a value, and never calls", async () => {
    const { spendfuse, meter } = far()
    const asked = { subject: k1, amounts: { usd: 1001 } }
    const guarded = await spendfuse.guard(asked, () => Promise.reject(new Error("called")))
    expect(guarded).toMatchObject({ allowed: false, reason: "too-large" })
    expect(await meter()).toEqual({ settled: 0, held: 0 })
  })

  it("counts the whole hold where the call says nonsense, and throws that", async () => {
    const { spendfuse, meter } = far()
    const guarded = spendfuse.guard(request, async () => ({
      value: 1,
      amounts: { usd: Number.NaN },
    }))
    await expect(guarded).rejects.toMatchObject({ error: "invalid-command" })
    expect(await meter()).toEqual({ settled: 400, held: 0 })
  })

  it("takes the host's word for what was free, and no word from a judge that throws", async () => {
    const { spendfuse, meter } = far()
    const fails = () => Promise.reject(new Error("reset"))
    const isFree = () => true
    await expect(spendfuse.guard(request, fails, { isFree })).rejects.toThrow("reset")
    expect(await meter()).toEqual({ settled: 0, held: 0 })
    const broken = () => {
      throw new Error("judge")
    }
    await expect(spendfuse.guard(request, fails, { isFree: broken })).rejects.toThrow("reset")
    expect(await meter()).toEqual({ settled: 400, held: 0 })
  })
})

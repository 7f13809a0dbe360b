import fc from "fast-check"
import { expect, it, vi } from "vitest"
import type { CommandId } from "../../src/domain/command.ts"
import { Expiries } from "../../src/domain/expiries.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

interface Item {
  readonly id: CommandId
  readonly division: string
  readonly expiresAtMs: number
  readonly state: "running" | "expired"
}

/** Whole and half seconds: some are within a second of now, some beyond, and some end at once. */
const anyStep = fc.record({
  kind: fc.constantFrom("put", "put", "put", "end", "take", "take", "oldest"),
  source: fc.constantFrom("s", "t"),
  n: fc.integer({ min: 1, max: 3 }),
  division: fc.constantFrom("*", "a"),
  life: fc.constantFrom(0, 500, 1_000, 1_500, 5_000),
  later: fc.constantFrom(0, 0, 499, 500, 1_000),
  most: fc.constantFrom(1, 2, 9),
})

const inOrder = (one: Item, other: Item): number =>
  one.expiresAtMs - other.expiresAtMs ||
  one.id.source.localeCompare(other.id.source) ||
  one.id.n - other.id.n

/** Items by name, and what runs of them. */
class Items {
  readonly all = new Map<string, Item>()
  readonly expiries = new Expiries<Item>(
    (division) => [...this.all.values()].filter((item) => item.division === division),
    (item) => this.all.get(this.nameOf(item)) === item,
  )

  nameOf({ id, division }: Pick<Item, "id" | "division">): string {
    return `${division} ${id.source} ${id.n}`
  }

  running(division: string): readonly Item[] {
    const own = [...this.all.values()].filter((item) => item.division === division)
    return own.filter(({ state }) => state === "running").sort(inOrder)
  }

  put(item: Item): void {
    this.all.set(this.nameOf(item), item)
    if (item.state === "running") this.expiries.put(item)
  }
}

it("what is overdue ends oldest first and in the order of names, so many at a time, each once", () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 50 }), (steps) => {
      const items = new Items()
      const keys = { s: {}, t: {} }
      let nowMs = 0
      for (const { kind, source, n, division, life, later, most } of steps) {
        nowMs += later
        const id = { source, n }
        if (kind === "put") items.put({ id, division, expiresAtMs: nowMs + life, state: "running" })
        if (kind === "end") items.all.delete(items.nameOf({ id, division }))
        if (kind === "oldest") {
          const holds = (item: Item): boolean =>
            item.state === "running" && item.id.source === source
          const all = ["*", "a"].flatMap((one) => items.running(one)).filter(holds)
          const oldest = items.expiries.oldestOf(
            keys[source as "s" | "t"],
            items.all.values(),
            holds,
          )
          expect(oldest?.expiresAtMs).toBe(all.sort(inOrder)[0]?.expiresAtMs)
        }
        if (kind === "take") {
          const due = items.running(division).filter(({ expiresAtMs }) => expiresAtMs <= nowMs)
          const taken = items.expiries.takeDue(division, nowMs, most)
          expect(taken).toEqual(due.slice(0, most))
          for (const item of taken) items.put({ ...item, state: "expired" })
        }
      }
    }),
    { numRuns: 2 * RUNS, seed: SEED },
  )
})

it("what runs for long is not looked through before any of it can end", () => {
  let looks = 0
  const expiries = new Expiries<Item>(
    () => {
      looks += 1
      return []
    },
    () => true,
  )
  for (let n = 1; n <= 10; n += 1)
    expiries.put({ id: { source: "s", n }, division: "*", expiresAtMs: 10_000, state: "running" })
  for (let nowMs = 0; nowMs < 10_000; nowMs += 100) expiries.takeDue("*", nowMs, 16)
  expect(looks).toBe(0)
})

it("keeps no division in which nothing runs any more (I14)", () => {
  const items = new Items()
  const take = (nowMs: number): readonly unknown[] => {
    const drops = vi.spyOn(Map.prototype, "delete")
    const taken = items.expiries.takeDue("org", nowMs, 1)
    const keys = drops.mock.calls.map(([key]) => key)
    drops.mockRestore()
    for (const item of taken) items.put({ ...item, state: "expired" })
    return keys
  }
  for (const n of [1, 2])
    items.put({ id: { source: "s", n }, division: "org", expiresAtMs: 5, state: "running" })
  expect([take(4), take(5), take(5), take(5)]).toEqual([[], [], ["org"], []])
})

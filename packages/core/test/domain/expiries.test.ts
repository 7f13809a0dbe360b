import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import type { CommandId } from "../../src/domain/command.ts"
import { Expiries } from "../../src/domain/expiries.ts"
import { Soonest } from "../../src/domain/soonest.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 200)
const SEED = Number(process.env.LAW_SEED ?? 42)

interface Item {
  readonly id: CommandId
  readonly division: string
  readonly expiresAtMs: number
  readonly state: "running" | "expired"
}

/** Quarters of seconds: some end within a second of now, some beyond, and some at once. */
const anyStep = fc.record({
  kind: fc.constantFrom("put", "put", "put", "put", "end", "take", "take", "oldest", "oldest"),
  source: fc.constantFrom("s", "t"),
  n: fc.integer({ min: 1, max: 3 }),
  division: fc.constantFrom("*", "*", "a"),
  life: fc.constantFrom(0, 250, 500, 750, 1_000, 1_250, 1_500, 3_000),
  later: fc.constantFrom(0, 0, 0, 250, 500, 1_000),
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
    { numRuns: 10 * RUNS, seed: SEED },
  )
})

describe("what it costs", () => {
  const running = (n: number, expiresAtMs: number, division = "*"): Item => ({
    id: { source: "s", n },
    division,
    expiresAtMs,
    state: "running",
  })

  it("is a look at all that runs once for each second in which something ends", () => {
    const items = new Set<Item>()
    let looks = 0
    const expiries = new Expiries<Item>(
      () => {
        looks += 1
        return items
      },
      (item) => items.has(item),
    )
    const put = (item: Item): void => {
      items.add(item)
      expiries.put(item)
    }
    const takenAt = (nowMs: number): readonly number[] =>
      expiries.takeDue("*", nowMs, 16).map((item) => {
        items.delete(item)
        return item.id.n
      })
    for (let n = 1; n <= 5; n += 1) put(running(n, 900 + 100 * n))
    put(running(6, 5_000))
    const taken = [999, 1_000, 1_400].map(takenAt)
    put(running(7, 1_950))
    const gone = running(8, 1_960)
    put(gone)
    items.delete(gone)
    taken.push(...[1_999, 4_999, 5_000].map(takenAt))
    expect(taken).toEqual([[], [1], [2, 3, 4, 5], [7], [], [6]])
    expect(looks).toBe(2)
  })

  it("is no order of what ends a second later or beyond", () => {
    const items = [running(1, 1_000), running(2, 1_999), running(3, 2_000), running(4, 9_000)]
    const expiries = new Expiries<Item>(
      () => items,
      () => true,
    )
    const adds = vi.spyOn(Soonest.prototype, "add")
    for (const item of items) expiries.put(item)
    expiries.takeDue("*", 1_000, 16)
    for (const item of [running(5, 1_999), running(6, 2_000), running(7, 9_000)]) expiries.put(item)
    const ordered = adds.mock.calls.map(([item]) => (item as Item).id.n)
    adds.mockRestore()
    expect(ordered).toEqual([1, 2, 5])
  })

  it("is nothing where nothing is due, and one look-up for a division that is asked for again", () => {
    const items = new Items()
    for (const [n, division] of [
      [1, "*"],
      [2, "org"],
    ] as const)
      items.put(running(n, 5, division))
    const finds = vi.spyOn(Map.prototype, "get")
    const lists = ["*", "*", "org", "org"].map((division) =>
      items.expiries.takeDue(division, 4, 16),
    )
    const found = finds.mock.calls.map(([key]) => key)
    finds.mockRestore()
    expect(new Set(lists).size).toBe(1)
    expect(found).toEqual(["*", "org"])
  })

  it("is one look for the oldest of a key, until one came that ends before it", () => {
    const items = new Items()
    const all = [running(1, 5), running(2, 9)]
    for (const item of all) items.put(item)
    const keys = [{}, {}]
    let looks = 0
    const oldestOf = (of: number): number | undefined =>
      items.expiries.oldestOf(
        keys[of] ?? {},
        (function* () {
          looks += 1
          yield* items.all.values()
        })(),
        ({ id }) => (of === 0 ? id.n !== 2 : id.n === 2),
      )?.expiresAtMs
    const ask = (): readonly unknown[] => [oldestOf(0), oldestOf(1), looks]
    expect([oldestOf(0), oldestOf(0), looks]).toEqual([5, 5, 1])
    // The second of the keys ends after what came since: that forgets the first, once.
    expect([ask(), ask(), ask()]).toEqual([
      [5, 9, 2],
      [5, 9, 3],
      [5, 9, 3],
    ])
    items.put(running(3, 4))
    expect([ask(), ask()].map(([first, second]) => [first, second])).toEqual([
      [4, 9],
      [4, 9],
    ])
  })
})

it.each([
  [["s 1", "s 2", "s 10", "t 1", "t 3"]],
  [["t 3", "s 10", "t 1", "s 2", "s 1"]],
  [["s 10", "t 1", "s 1", "t 3", "s 2"]],
])("what ends at once ends in the order of names, whenever it came: %j", (names) => {
  const items = new Items()
  for (const name of names) {
    const [source = "", n] = name.split(" ")
    const id = { source, n: Number(n) }
    items.put({ id, division: "*", expiresAtMs: 5, state: "running" })
  }
  const taken = items.expiries.takeDue("*", 5, 9)
  expect(taken.map(({ id }) => `${id.source} ${id.n}`)).toEqual([
    "s 1",
    "s 2",
    "s 10",
    "t 1",
    "t 3",
  ])
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

it("says from when on anything of a division may be overdue", () => {
  const items = new Items()
  const running = (n: number, division: string, expiresAtMs: number): Item => ({
    id: { source: "s", n },
    division,
    expiresAtMs,
    state: "running",
  })
  expect(items.expiries.soonestOf("*")).toBe(Number.POSITIVE_INFINITY)
  items.put(running(1, "*", 5_000))
  items.put(running(2, "*", 400))
  items.put(running(3, "a", 900))
  expect([items.expiries.soonestOf("*"), items.expiries.soonestOf("a")]).toEqual([400, 900])
})

import { readFileSync, writeFileSync } from "node:fs"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import type { DomainEvent } from "@spendfuse/core/domain"
import { type MemoryStore, memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it, vi } from "vitest"
import { acknowledge, charge, freshPath, linesOf, NOW_MS, openAt } from "./support.ts"

interface Clocked {
  readonly store: MemoryStore
  nowMs: number
}

const clocked = (options: Parameters<typeof memoryStore>[0] = {}): Clocked => {
  const state = { nowMs: NOW_MS }
  return Object.assign(state, { store: memoryStore({ ...options, nowMs: () => state.nowMs }) })
}

/** Charges of 10 each fire one level each, told to `log`. */
const fire = (store: MemoryStore, key: string, times: number, from = 1): void => {
  for (let at = 0; at < times; at += 1) store.applyNow(charge(from + at, key, 10))
}

const labels = (rows: readonly { readonly event: DomainEvent }[]): readonly unknown[] =>
  rows.map(({ event }) => (event.kind === "tier" ? event.level : event.kind))

const copyOf = (path: string): string => {
  const copy = freshPath()
  writeFileSync(copy, readFileSync(path))
  return copy
}

const audit = {
  kind: "audit",
  atMs: NOW_MS,
  verb: "trip",
  target: "a",
  by: "ann",
  why: "a test",
} as const

describe("rows of the outbox", () => {
  it("are claimed one account at a time, in order, and accounts take turns", async () => {
    const { store } = clocked()
    fire(store, "a", 4)
    fire(store, "b", 4, 11)
    const claims: string[] = []
    for (;;) {
      const rows = await store.claim("log", 2, 1_000)
      if (rows.length === 0) break
      claims.push(`${rows[0]?.account} ${labels(rows).join(" ")}`)
      await store.confirm(rows.map(({ id }) => id))
    }
    const [a, b] = ["a", "b"].map((key) => linesOf(key)[0]?.account)
    expect(claims).toEqual([`${a} 10 20`, `${b} 10 20`, `${a} 30 40`, `${b} 30 40`])
    fire(store, "a", 1, 21)
    expect(await store.claim("log", 9, 1_000)).toHaveLength(1)
    expect(await store.claim("log", 9, 1_000)).toEqual([])
    expect(await store.claim("page", 9, 1_000)).toEqual([])
  })

  it("come again when the lease of a claimer that crashed is over", async () => {
    const at = clocked()
    fire(at.store, "a", 2)
    const lost = await at.store.claim("log", 9, 1_000)
    at.nowMs += 999
    expect(await at.store.claim("log", 9, 1_000)).toEqual([])
    at.nowMs += 1
    expect(await at.store.claim("log", 9, 1_000)).toEqual(lost)
  })

  it("stay with who took over, whatever the earlier claimer says late", async () => {
    const at = clocked()
    fire(at.store, "a", 3)
    const [first] = await at.store.claim("log", 3, 1_000)
    at.nowMs += 1_000
    await at.store.claim("log", 3, 1_000)
    await at.store.confirm([first?.id ?? ""])
    expect(await at.store.claim("log", 3, 1_000)).toEqual([])
  })

  it("that are tried again hold back those behind them", async () => {
    const at = clocked()
    fire(at.store, "a", 2)
    const claimed = await at.store.claim("log", 1, 1_000)
    await at.store.retry([claimed[0]?.id ?? "", "unknown"], at.nowMs + 500)
    expect(await at.store.claim("log", 9, 1_000)).toEqual([])
    at.nowMs += 500
    const again = await at.store.claim("log", 9, 1_000)
    expect([labels(again), again.map(({ attempts }) => attempts)]).toEqual([
      [10, 20],
      [1, 0],
    ])
  })

  it("that are dead let the others go, and are listed with the reason", async () => {
    const { store } = clocked()
    fire(store, "a", 2)
    const [dead] = await store.claim("log", 1, 1_000)
    await store.deadLetter([dead?.id ?? ""], "gone for good")
    expect(labels(await store.claim("log", 9, 1_000))).toEqual([20])
    const page = await store.deadLetters({ limit: 9 })
    expect(page.items).toEqual([{ ...dead, why: "gone for good" }])
    expect(await store.deadLetters({ limit: 9, after: page.next ?? "" })).toEqual({
      items: [],
      next: null,
    })
  })

  it("say when the first of them is due and free", async () => {
    const at = clocked()
    expect(at.store.rowDueAtMs()).toBe(Number.POSITIVE_INFINITY)
    fire(at.store, "a", 2)
    expect(at.store.rowDueAtMs()).toBe(NOW_MS)
    const rows = await at.store.claim("log", 9, 1_000)
    expect(at.store.rowDueAtMs()).toBe(NOW_MS + 1_000)
    const ids = rows.map(({ id }) => id)
    await at.store.retry(ids, NOW_MS + 500)
    expect(at.store.rowDueAtMs()).toBe(NOW_MS + 500)
    await at.store.confirm(ids)
    expect(at.store.rowDueAtMs()).toBe(Number.POSITIVE_INFINITY)
  })

  it("that were dead come again at once, behind what waits, as new", async () => {
    const at = clocked()
    fire(at.store, "a", 2)
    const [dead] = await at.store.claim("log", 1, 1_000)
    await at.store.retry([dead?.id ?? ""], at.nowMs)
    await at.store.deadLetter([dead?.id ?? ""], "gone")
    at.nowMs += 500
    expect(await at.store.resend([dead?.id ?? "", dead?.id ?? "", "unknown"])).toBe(1)
    expect((await at.store.deadLetters({ limit: 9 })).items).toEqual([])
    const rows = await at.store.claim("log", 9, 1_000)
    expect(labels(rows)).toEqual([20, 10])
    const fresh = { attempts: 0, dueAtMs: at.nowMs, createdAtMs: at.nowMs }
    expect(rows[1]).toEqual({ ...dead, ...fresh })
  })

  it("that are dead are told of once, in the log and to the channel", async () => {
    const { store } = clocked()
    fire(store, "a", 2)
    const ids = (await store.claim("log", 1, 1_000)).map(({ id }) => id)
    const tell: readonly DomainEvent[] = [{ ...audit, id: "told", channels: ["page"] }]
    await store.deadLetter(["unknown"], "gone", tell)
    expect(await store.claim("page", 9, 1_000)).toEqual([])
    await store.deadLetter(ids, "gone", tell)
    await store.deadLetter(ids, "gone", tell)
    const told = await store.claim("page", 9, 1_000)
    expect(told.map(({ id }) => id)).toEqual(["told#page"])
    await store.confirm(["told#page"])
    await store.deadLetter(ids, "gone", tell)
    expect(await store.claim("page", 9, 1_000)).toEqual([])
    const { items } = await store.events({ limit: 9, latest: true })
    expect(items.filter(({ id }) => id === "told")).toHaveLength(1)
  })

  it("confirmed twice, or not known, change nothing", async () => {
    const { store } = clocked()
    fire(store, "a", 1)
    const ids = (await store.claim("log", 9, 1)).map(({ id }) => id)
    await store.confirm(ids)
    await store.confirm([...ids, "unknown"])
    expect((await store.deadLetters({ limit: 9 })).items).toEqual([])
  })
})

describe("what a reader does to its events", () => {
  it("is seen by no other channel, and in no log", async () => {
    const { store } = clocked()
    const reads: readonly (() => Promise<readonly unknown[]>)[] = [
      () => store.claim("log", 9, 0),
      () => store.claim("page", 9, 0),
      ...[store.events, store.unheard, store.audit, store.deadLetters].map(
        (read) => async () => (await read({ limit: 9 })).items,
      ),
    ]
    fire(store, "a", 2)
    const trail: DomainEvent = { ...audit, id: "told", channels: ["page"] }
    const [row] = await store.claim("log", 1, 0)
    await store.deadLetter([row?.id ?? ""], "gone", [trail])
    store.applyNow(acknowledge(3, "a"))
    const before = await Promise.all(reads.map((read) => read()))
    const text = JSON.stringify(before)
    expect(before.every((items) => items.length > 0)).toBe(true)
    for (const item of before.flat()) spoil(item as Record<string, unknown>)
    expect(JSON.stringify(await Promise.all(reads.map((read) => read())))).toBe(text)
  })
})

/** Empties whatever it can reach. */
const spoil = (value: Record<string, unknown>): void => {
  for (const [name, part] of Object.entries(value)) {
    if (typeof part === "object" && part !== null) spoil(part as Record<string, unknown>)
    value[name] = "spoilt"
  }
}

describe("logs", () => {
  it("are read from their latest entries too, and on from there", async () => {
    const { store } = clocked()
    expect(await store.events({ limit: 2, latest: true })).toEqual({ items: [], next: null })
    fire(store, "a", 5)
    const page = await store.events({ limit: 2, latest: true })
    expect(page.items).toMatchObject([{ level: 40 }, { level: 50 }])
    fire(store, "a", 1, 6)
    const more = await store.events({ limit: 2, after: page.next ?? "" })
    expect(more.items).toMatchObject([{ level: 60 }])
    expect((await store.events({ limit: 99, latest: true })).items).toHaveLength(6)
    store.applyNow(acknowledge(7, "a"))
    const trail = await store.audit({ limit: 1, latest: true })
    expect(trail.items).toMatchObject([{ verb: "acknowledge" }])
  })

  it("are paged by cursors that never move", async () => {
    const { store } = clocked()
    fire(store, "a", 5)
    const seen: unknown[] = []
    let after: string | undefined
    for (;;) {
      const page = await store.events(after === undefined ? { limit: 2 } : { limit: 2, after })
      seen.push(...labels(page.items.map((event) => ({ event }))))
      if (page.next === null) break
      after = page.next
    }
    expect(seen).toEqual([10, 20, 30, 40, 50])
    expect((await store.events({ limit: 1, after: "3" })).items).toMatchObject([{ level: 40 }])
    await expect(store.events({ limit: 1, after: "-1" })).rejects.toThrow("cursor `-1` is none")
    await expect(store.audit({ limit: 1, after: "x" })).rejects.toThrow("cursor `x` is none")
  })

  it.each([
    [
      "throws",
      () => {
        throw new Error("the host's own fault")
      },
    ],
    ["rejects", async () => Promise.reject(new Error("the host's own fault"))],
  ])("go on where the host's callback %s when the oldest are dropped", async (_, onNotice) => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined)
    const { store } = clocked({ auditKept: 1, onNotice })
    for (let n = 1; n <= 9; n += 1) {
      store.applyNow(charge(2 * n - 1, "a", 10))
      store.applyNow(acknowledge(2 * n, "a"))
    }
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect((await store.audit({ limit: 9, latest: true })).items.length).toBeGreaterThan(0)
    expect(console.warn).toHaveBeenCalled()
    vi.restoreAllMocks()
  })

  it("are bounded: the oldest go, and it is said where somebody misses them", async () => {
    const notices: string[] = []
    const { store } = clocked({
      eventsKept: 10,
      auditKept: 10,
      deadLettersKept: 2,
      onNotice: ({ message }) => void notices.push(message),
    })
    for (let n = 1; n <= 12; n += 1)
      store.applyNow({ ...acknowledge(n, "a"), done: n - 1, kind: "trip", coolDownMs: 1 } as never)
    // 12 audit events: two above 10, more than a tenth.
    expect(notices).toEqual([
      "store `memory` dropped its 2 oldest audit events; raise what it keeps, or read them sooner",
    ])
    expect((await store.audit({ limit: 99 })).items).toHaveLength(10)
    const page = await store.events({ limit: 99 })
    expect(page.items.length).toBeLessThanOrEqual(11)
    notices.length = 0
    await store.unheard({ limit: 1, after: page.next ?? "" })
    for (let n = 13; n <= 40; n += 1)
      store.applyNow({ ...acknowledge(n, "a"), done: n - 1, kind: "trip", coolDownMs: 1 } as never)
    expect(notices.some((message) => message.includes("events that the hook has not heard"))).toBe(
      true,
    )
  })
})

describe("an outbox with a journal", () => {
  it("keeps what became of its rows, but no leases", async () => {
    const path = freshPath()
    const { store } = openAt(path)
    fire(store, "a", 4)
    const [first, second, third] = await store.claim("log", 4, 3_600_000)
    await store.confirm([first?.id ?? ""])
    await store.deadLetter([second?.id ?? ""], "gone")
    await store.retry([third?.id ?? ""], NOW_MS)
    for (const again of [openAt(copyOf(path)).store, await snapshotted(path)]) {
      const rows = await again.claim("log", 9, 1)
      expect([labels(rows), rows.map(({ attempts }) => attempts)]).toEqual([
        [30, 40],
        [1, 0],
      ])
      expect(labels((await again.deadLetters({ limit: 9 })).items)).toEqual([20])
      expect((await again.audit({ limit: 9 })).items).toEqual(
        (await store.audit({ limit: 9 })).items,
      )
    }
  })

  it("tells its reader after a restart what it has not heard, and only that", async () => {
    const path = freshPath()
    const { store } = openAt(path)
    fire(store, "a", 4)
    const page = await store.unheard({ limit: 3 })
    await store.unheard({ limit: 3, after: page.next ?? "" })
    for (const again of [openAt(copyOf(path)).store, await snapshotted(path)]) {
      const rest = await again.unheard({ limit: 9 })
      expect(rest.items).toMatchObject([{ level: 40 }])
      // Whoever begins anew in the same process begins there too, and cursors of before still hold.
      await again.unheard({ limit: 9, after: rest.next ?? "" })
      expect(await again.unheard({ limit: 9 })).toEqual(rest)
      expect(await again.unheard({ limit: 9, after: page.next ?? "" })).toEqual(rest)
      expect(await again.events({ limit: 9, after: page.next ?? "" })).toEqual(rest)
    }
  })

  it("is not told by a mere reader what was heard", async () => {
    const path = freshPath()
    const { store } = openAt(path)
    fire(store, "a", 4)
    const page = await store.events({ limit: 3 })
    await store.events({ limit: 3, after: page.next ?? "" })
    for (const again of [openAt(copyOf(path)).store, await snapshotted(path)])
      expect((await again.unheard({ limit: 9 })).items).toHaveLength(4)
  })

  it("keeps dead letters, what was told of them, and which were sent again", async () => {
    const path = freshPath()
    const { store } = openAt(path)
    fire(store, "a", 4)
    const rows = await store.claim("log", 4, 3_600_000)
    const [first = "", second = "", third = ""] = rows.map(({ id }) => id)
    const letter: DomainEvent = { ...audit, id: "told", channels: ["page"] }
    await store.deadLetter([first, second, third], "gone", [letter])
    expect(await store.resend([second, "unknown"])).toBe(1)
    for (const again of [openAt(copyOf(path)).store, await snapshotted(path)]) {
      const dead = await again.deadLetters({ limit: 9 })
      expect(labels(dead.items)).toEqual([10, 30])
      expect(await again.deadLetters({ limit: 1, latest: true })).toMatchObject({
        items: [{ id: third }],
        next: dead.next,
      })
      expect((await again.claim("page", 9, 1)).map(({ event }) => event.id)).toEqual(["told"])
      expect(labels(await again.claim("log", 9, 1))).toEqual([40, 20])
      expect(await again.resend([second])).toBe(0)
      expect(await again.resend([first, third])).toBe(2)
      expect(await again.deadLetters({ limit: 9, after: dead.next ?? "" })).toEqual({
        items: [],
        next: null,
      })
    }
  })

  it("keeps the audit trail over snapshots", async () => {
    const path = freshPath()
    const { store } = openAt(path, { snapshotEveryBytes: 1 })
    fire(store, "a", 10)
    store.applyNow(acknowledge(11, "a"))
    const trail = await store.audit({ limit: 9 })
    expect(trail.items).toMatchObject([{ verb: "acknowledge", by: "ann" }])
    expect(await openAt(copyOf(path)).store.audit({ limit: 9 })).toEqual(trail)
  })
})

describe("the event hook over a restart", () => {
  it.each([
    ["a kill: the last page may be told twice", true, 2],
    ["a clean close: nothing is told twice", false, 0],
  ] as const)("misses nothing after %s", async (_, isKilled, mostTwice) => {
    const path = freshPath()
    const policy = definePolicy({
      budgets: [
        {
          id: "hour",
          per: ["apiKey"],
          limit: { usd: 100 },
          window: "hour",
          tiers: [
            { at: "1%", repeat: "1%", notify: [] },
            { at: "100%", latch: true },
          ],
        },
      ],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
      maxOutputTokens: 1_000,
    })
    const heard: string[] = []
    let at = path
    for (let life = 0; life < 3; life += 1) {
      const { store } = openAt(at)
      const onEvent = ({ id }: DomainEvent): void => void heard.push(id)
      const spendfuse = createSpendfuse({ policy, store, onEvent, nowMs: () => NOW_MS })
      for (let call = 0; call < 5; call += 1) {
        const amounts = { usd: 1_000_000_000 }
        await spendfuse.guard({ subject: { apiKey: "a" }, amounts }, async () => ({
          value: 0,
          amounts,
        }))
        await spendfuse.flush()
      }
      const left = isKilled ? copyOf(at) : at
      await spendfuse.close()
      at = left
    }
    const levels = [...new Set(heard)].filter((id) => !id.includes("circuit"))
    expect(levels).toHaveLength(15)
    expect(heard.length - new Set(heard).size).toBeLessThanOrEqual(mostTwice)
  })
})

/** The store at the path, after its entries have become a snapshot. */
const snapshotted = async (path: string): Promise<MemoryStore> => {
  const copy = copyOf(path)
  const { store } = openAt(copy, { snapshotEveryBytes: 1 })
  await store.confirm(["none"])
  await store.close()
  return openAt(copy).store
}

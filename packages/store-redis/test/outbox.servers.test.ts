import type { DomainEvent } from "@spendfuse/core/domain"
import { describe, expect, inject, it } from "vitest"
import { scriptOf } from "../src/client.ts"
import type { RedisPlace } from "../src/options.ts"
import { auditOf, type Clocked, eventOf, outboxAt } from "./support.ts"

const nodeOf = (url: string): { host: string; port: number } => {
  const { hostname, port } = new URL(url)
  return { host: hostname, port: Number(port) }
}

const places: readonly (readonly [string, () => RedisPlace])[] = [
  ["one server", () => ({ url: inject("redisUrl") })],
  ["a cluster", () => ({ cluster: inject("redisClusterUrls").map(nodeOf) })],
]

/** So many events of an account, told to `log`. */
const fire = async (at: Clocked, key: string, times: number, from = 1): Promise<void> => {
  const events = Array.from({ length: times }, (_, n) => eventOf(key, from + n, ["log"]))
  await at.tell(events, at.client.isCluster ? key : "*")
}

const numbers = (events: readonly DomainEvent[]): readonly unknown[] =>
  events.map((event) => (event.kind === "circuit" ? event.generation : event.kind))

const told = (rows: readonly { readonly event: DomainEvent }[]): readonly unknown[] =>
  numbers(rows.map(({ event }) => event))

/** All that the server keeps of the test's outbox. */
const dumpOf = async ({ client, shelf }: Clocked): Promise<unknown> => {
  const divisions = await shelf.outboxes()
  const script = scriptOf(`local found = {}
    for _, key in ipairs({ "log:events", "log:audit", "log:dead", "heard", "turns", "numbers" }) do
      found[#found + 1] = redis.call("DUMP", KEYS[1] .. "outbox:" .. key) or ""
    end
    return found`)
  return client.run(divisions.map((one) => ({ script, keys: [shelf.base(one)], args: [] })))
}

describe.each(places)("rows of the outbox on %s", (_, place) => {
  it("are claimed one account at a time, in order, and accounts take turns", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 4)
    await fire(at, "b", 4)
    const claims: string[] = []
    for (;;) {
      const rows = await at.outbox.claim("log", 2, 1_000)
      if (rows.length === 0) break
      claims.push(`${rows[0]?.account} ${told(rows).join(" ")}`)
      await at.outbox.confirm(rows.map(({ id }) => id))
    }
    expect(claims).toEqual(["hour/a 1 2", "hour/b 1 2", "hour/a 3 4", "hour/b 3 4"])
    await fire(at, "a", 1, 21)
    expect(await at.outbox.claim("log", 9, 1_000)).toEqual([
      {
        id: "hour/a/21/open#log",
        channel: "log",
        account: "hour/a",
        event: eventOf("a", 21, ["log"]),
        dueAtMs: at.nowMs,
        attempts: 0,
        createdAtMs: at.nowMs,
      },
    ])
    expect(await at.outbox.claim("log", 9, 1_000)).toEqual([])
    expect(await at.outbox.claim("page", 9, 1_000)).toEqual([])
  })

  it("are written once, whatever is sent again", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 2)
    await fire(at, "a", 2)
    expect(told(await at.outbox.claim("log", 9, 1_000))).toEqual([1, 2])
  })

  it("come again when the lease of a claimer that crashed is over", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 2)
    const lost = await at.outbox.claim("log", 9, 1_000)
    at.nowMs += 999
    expect(await at.other().claim("log", 9, 1_000)).toEqual([])
    at.nowMs += 1
    expect(await at.other().claim("log", 9, 1_000)).toEqual(lost)
  })

  it("stay with who took over, whatever the earlier claimer says late", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 3)
    const [first] = await at.outbox.claim("log", 3, 1_000)
    at.nowMs += 1_000
    await at.other().claim("log", 3, 1_000)
    await at.outbox.confirm([first?.id ?? ""])
    expect(await at.other().claim("log", 3, 1_000)).toEqual([])
  })

  it("that are tried again hold back those behind them", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 2)
    const claimed = await at.outbox.claim("log", 1, 1_000)
    await at.other().retry([claimed[0]?.id ?? "", "unknown"], at.nowMs + 500)
    expect(await at.outbox.claim("log", 9, 1_000)).toEqual([])
    at.nowMs += 500
    const again = await at.outbox.claim("log", 9, 1_000)
    expect([told(again), again.map(({ attempts }) => attempts)]).toEqual([
      [1, 2],
      [1, 0],
    ])
  })

  it("that are dead let the others go, and are listed with the reason", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 2)
    const [dead] = await at.outbox.claim("log", 1, 1_000)
    await at.outbox.deadLetter([dead?.id ?? ""], "gone for good\u0000")
    expect(told(await at.outbox.claim("log", 9, 1_000))).toEqual([2])
    const page = await at.outbox.deadLetters({ limit: 9 })
    expect(page.items).toEqual([{ ...dead, why: "gone for good\u0000" }])
    expect(await at.outbox.deadLetters({ limit: 9, after: page.next ?? "" })).toEqual({
      items: [],
      next: null,
    })
  })

  it("leave nothing behind once all are confirmed but the logs", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 3)
    await at.outbox.confirm((await at.outbox.claim("log", 9, 1)).map(({ id }) => id))
    await at.outbox.confirm(["hour/a/1/open#log", "unknown"])
    at.nowMs += 10
    await fire(at, "a", 1, 9)
    expect(told(await at.outbox.claim("log", 9, 1))).toEqual([9])
  })

  it("wait where the clock goes back, and are not lost", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 1)
    at.nowMs -= 5
    expect(await at.outbox.claim("log", 9, 1)).toEqual([])
    at.nowMs += 5
    expect(told(await at.outbox.claim("log", 9, 1))).toEqual([1])
  })

  it("are never claimed by two of many at once", async () => {
    const at = outboxAt(place())
    for (const key of ["a", "b", "c"]) await fire(at, key, 8)
    const processes = Array.from({ length: 6 }, () => at.other())
    const claims = await Promise.all(processes.map((one) => one.claim("log", 4, 1_000)))
    const ids = claims.flatMap((rows) => rows.map(({ id }) => id))
    expect(ids).toHaveLength(12)
    expect(new Set(ids).size).toBe(12)
  })
})

describe.each(places)("dead letters on %s", (_, place) => {
  const bury = async (at: Clocked, times: number): Promise<readonly string[]> => {
    await fire(at, "a", times)
    const ids = (await at.outbox.claim("log", times, 1_000)).map(({ id }) => id)
    await at.outbox.deadLetter(ids, "gone")
    return ids
  }
  const dead = async (at: Clocked): Promise<readonly unknown[]> =>
    told((await at.outbox.deadLetters({ limit: 9 })).items)

  it("go back behind what waits, as new rows, and are dead no more", async () => {
    const at = outboxAt(place())
    const [one = "", two = ""] = await bury(at, 2)
    await fire(at, "a", 1, 9)
    at.nowMs += 7
    expect(await at.other().resend([two, "unknown", one])).toBe(2)
    expect(await dead(at)).toEqual([])
    const rows = await at.outbox.claim("log", 9, 1_000)
    expect(told(rows)).toEqual([9, 2, 1])
    expect(rows[1]).toEqual({
      id: two,
      channel: "log",
      account: "hour/a",
      event: eventOf("a", 2, ["log"]),
      dueAtMs: at.nowMs,
      attempts: 0,
      createdAtMs: at.nowMs,
    })
    expect(await at.outbox.resend([one, two])).toBe(0)
    await at.outbox.confirm(rows.map(({ id }) => id))
    expect(await at.outbox.claim("log", 9, 1_000)).toEqual([])
  })

  it("that died again are listed behind what died meanwhile, once", async () => {
    const at = outboxAt(place())
    const [one = "", two = ""] = await bury(at, 2)
    const { next } = await at.outbox.deadLetters({ limit: 1 })
    await at.outbox.resend([two, one])
    await at.outbox.deadLetter([two], "again")
    const after = await at.outbox.deadLetters({ limit: 9, after: next ?? "" })
    expect(after.items.map(({ id, why }) => [id, why])).toEqual([[two, "again"]])
    expect(at.notices).toEqual([])
    // One that was raised again, and dies again, is one still.
    await fire(at, "a", 1, 2)
    await at.outbox.deadLetter([one, two], "at last")
    expect(await dead(at)).toEqual([1, 2])
    expect(await at.outbox.resend([one, two])).toBe(2)
    expect(await dead(at)).toEqual([])
  })

  it("are as many as are kept, and one that was dropped is not known", async () => {
    const at = outboxAt(place())
    await bury(at, 1)
    const { next } = await at.outbox.deadLetters({ limit: 1 })
    await fire(at, "a", 3, 2)
    const ids = [
      "hour/a/1/open#log",
      ...(await at.outbox.claim("log", 3, 1_000)).map(({ id }) => id),
    ]
    await at.outbox.deadLetter(ids, "gone")
    expect(await dead(at)).toEqual([3, 4])
    await at.outbox.deadLetters({ limit: 9, after: next ?? "" })
    expect(at.notices[0]?.message).toContain("had dropped 1 dead letters")
    expect(await at.outbox.resend(ids)).toBe(2)
    expect(told(await at.outbox.claim("log", 9, 1_000))).toEqual([3, 4])
  })

  it("tell others with it, once, where a row was known", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 2)
    const ids = (await at.outbox.claim("log", 9, 1_000)).map(({ id }) => id)
    const word = eventOf("a", 7, ["page"])
    await at.outbox.deadLetter(["unknown"], "gone", [word])
    expect(await at.outbox.claim("page", 9, 1_000)).toEqual([])
    for (const one of [at.outbox, at.other()]) await one.deadLetter(ids, "gone", [word])
    const rows = await at.outbox.claim("page", 9, 1_000)
    expect(rows.map(({ id, event }) => [id, event])).toEqual([["hour/a/7/open#page", word]])
    expect((await at.outbox.events({ limit: 9 })).items).toEqual([
      eventOf("a", 1, ["log"]),
      eventOf("a", 2, ["log"]),
      word,
    ])
  })
})

describe.each(places)("logs on %s", (_, place) => {
  it("are paged by cursors that never move, and nothing is passed over", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 3)
    await fire(at, "b", 2, 11)
    const seen: unknown[] = []
    let after: string | undefined
    for (;;) {
      const page = await at.outbox.events(after === undefined ? { limit: 2 } : { limit: 2, after })
      seen.push(...numbers(page.items))
      if (page.next === null) break
      after = page.next
    }
    expect(seen).toEqual([1, 2, 3, 11, 12])
    await fire(at, "c", 1, 21)
    expect(numbers((await at.outbox.events({ limit: 9, after: after ?? "" })).items)).toEqual([21])
    await expect(at.outbox.events({ limit: 1, after: "-1" })).rejects.toThrow("cursor `-1` is none")
    await expect(at.outbox.audit({ limit: 1, after: "x" })).rejects.toThrow("cursor `x` is none")
  })

  it("give every reader without a cursor all that is kept, and change nothing", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 3)
    await at.outbox.deadLetter([(await at.outbox.claim("log", 1, 1_000))[0]?.id ?? ""], "gone")
    const before = await dumpOf(at)
    for (const log of ["events", "audit", "deadLetters"] as const) {
      const page = await at.outbox[log]({ limit: 2 })
      if (page.next !== null) await at.outbox[log]({ limit: 2, after: page.next })
      await at.outbox[log]({ limit: 2, latest: true })
    }
    expect(numbers((await at.other().events({ limit: 9 })).items)).toEqual([1, 2, 3])
    expect(await dumpOf(at)).toEqual(before)
    expect(numbers((await at.outbox.unheard({ limit: 9 })).items)).toEqual([1, 2, 3])
  })

  it("begin for the hook of a new process at what nobody has heard", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 4)
    const page = await at.outbox.unheard({ limit: 3 })
    expect(numbers(page.items)).toEqual([1, 2, 3])
    await at.outbox.unheard({ limit: 3, after: page.next ?? "" })
    const other = at.other()
    const rest = await other.unheard({ limit: 9 })
    expect(numbers(rest.items)).toEqual([4])
    // Whoever begins anew in the same process begins there too.
    await other.unheard({ limit: 9, after: rest.next ?? "" })
    expect(await other.unheard({ limit: 9 })).toEqual(rest)
    expect(numbers((await at.outbox.unheard({ limit: 9 })).items)).toEqual([1, 2, 3, 4])
  })

  it("show their latest entries oldest first, and a watcher goes on from them", async () => {
    const at = outboxAt(place())
    expect(await at.outbox.events({ limit: 2, latest: true })).toEqual({ items: [], next: null })
    await fire(at, "a", 2)
    at.nowMs += 1
    await fire(at, "b", 2, 11)
    at.nowMs += 1
    await fire(at, "a", 1, 3)
    const page = await at.outbox.events({ limit: 4, latest: true })
    expect(numbers(page.items)).toEqual([2, 11, 12, 3])
    await fire(at, "b", 1, 13)
    await fire(at, "c", 1, 21)
    const { items, next } = await at.outbox.events({ limit: 9, after: page.next ?? "" })
    expect(numbers(items)).toEqual([13, 21])
    expect(await at.outbox.events({ limit: 9, after: next ?? "" })).toEqual({
      items: [],
      next: null,
    })
    expect(numbers((await at.outbox.events({ limit: 99, latest: true })).items)).toHaveLength(7)
  })

  it("keep what operators did apart", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 1)
    await at.tell([auditOf(1), auditOf(2)], "a")
    expect((await at.outbox.audit({ limit: 9 })).items).toEqual([auditOf(1), auditOf(2)])
    expect((await at.outbox.events({ limit: 9 })).items).toHaveLength(3)
  })

  it("are bounded, and a reader that comes too late is told", async () => {
    const at = outboxAt(place())
    await fire(at, "a", 1)
    const { next } = await at.outbox.events({ limit: 1 })
    await fire(at, "a", 499, 2)
    const page = await at.outbox.events({ limit: 999, after: next ?? "" })
    expect(page.items.length).toBeGreaterThanOrEqual(10)
    expect(page.items.length).toBeLessThanOrEqual(110)
    expect(at.notices).toHaveLength(1)
    expect(at.notices[0]?.message).toContain(`had dropped ${499 - page.items.length} events`)
    // Rows wait until they are told, whatever the log keeps.
    expect(told(await at.outbox.claim("log", 999, 1_000))).toHaveLength(500)
  })
})

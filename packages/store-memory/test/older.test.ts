import { copyFileSync, readFileSync } from "node:fs"
import { join } from "node:path"
import type { Budget, Line } from "@spendfuse/core/domain"
import { describe, expect, it } from "vitest"
import { acknowledge, freshPath, LATCHING, linesOf, openAt, reserve } from "./support.ts"

const FIXTURE = join(import.meta.dirname, "fixtures/latched-1.journal")

/** Today's policy: three times the limit, and no latch any more. */
const LAXER: Budget = {
  ...LATCHING,
  limit: 300,
  tiers: [{ at: { percent: 100 }, effect: { kind: "block" } }],
}
const laxLines = (key: string): readonly Line[] => linesOf(key, { budgets: [LAXER] })

const opened = (): ReturnType<typeof openAt>["store"] => {
  const path = freshPath()
  copyFileSync(FIXTURE, path)
  return openAt(path).store
}

describe("a journal of format 1, read by this version under another policy", () => {
  it("is of format 1, and holds a snapshot and what came after it", () => {
    const text = readFileSync(FIXTURE, "utf8")
    expect(text.startsWith("spendfuse-journal 1 wire 1\n")).toBe(true)
    expect(text.split('"kept"')[1]).toContain('"latched"')
  })

  it("keeps its latch until a person acknowledges it", () => {
    const store = opened()
    expect(store.applyNow(reserve(101, laxLines("agent"), 1)).outcome).toMatchObject({
      kind: "refused",
      reason: "latched",
    })
    expect(store.applyNow(acknowledge(102, "agent")).outcome.kind).toBe("acknowledged")
    expect(store.applyNow(reserve(103, laxLines("agent"), 300 - 113)).outcome.kind).toBe("reserved")
    expect(store.applyNow(reserve(104, laxLines("agent"), 1)).outcome.kind).toBe("refused")
  })

  it("keeps what was settled, held and switched off, and what was answered", () => {
    const store = opened()
    const account = store.ledger.accounts.get(linesOf("other")[0]?.account ?? "")
    expect(account?.meters).toMatchObject([{ settled: 15, held: 30 }])
    const stolen = { ...reserve(101, laxLines("x"), 1), switches: ["apiKey/stolen"] }
    expect(store.applyNow(stolen).outcome).toMatchObject({ reason: "switched-off" })
    expect(store.applyNow(reserve(9, linesOf("other"), 30)).outcome).toMatchObject({
      kind: "reserved",
      replayed: true,
    })
  })

  it("still pages for the latch, and tells nobody twice", async () => {
    const store = opened()
    const untold = await store.claim("log", 9, 1_000)
    expect(untold.map(({ account }) => account)).toEqual([linesOf("other")[0]?.account])
    expect(await store.claim("log", 9, 1_000)).toEqual([])
    const pages = await store.claim("page", 9, 1_000)
    expect(pages.map(({ event }) => event.kind)).toContain("tier")
    expect((await store.audit({ limit: 9 })).items).toMatchObject([{ verb: "switch" }])
  })
})

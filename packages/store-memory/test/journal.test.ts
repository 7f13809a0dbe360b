import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs"
import { dirname } from "node:path"
import { StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"
import { type Journal, memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { describe, expect, it } from "vitest"
import { FORMAT_VERSION, HEADER } from "../src/journal/format.ts"
import {
  acknowledge,
  charge,
  failureOf,
  freshPath,
  journalBytes,
  linesOf,
  NOW_MS,
  openAt,
  reserve,
  settle,
  settledOf,
  writeRecords,
} from "./support.ts"

describe("a store with a journal", () => {
  it("is after a restart what it was before", async () => {
    const path = freshPath()
    const first = openAt(path)
    expect(first.notices.map(({ kind }) => kind)).toEqual(["created"])
    const lines = linesOf("__proto__")
    expect(first.store.applyNow(reserve(1, lines, 40)).outcome.kind).toBe("reserved")
    expect(first.store.applyNow(reserve(2, lines, 20)).outcome.kind).toBe("reserved")
    expect(first.store.applyNow(settle(3, 1, 35)).outcome.kind).toBe("settled")
    await first.store.close()
    const second = openAt(path)
    expect(second.notices).toEqual([])
    expect(second.store.ledger.accounts).toEqual(first.store.ledger.accounts)
    expect(settledOf(second.store, "__proto__")).toBe(35)
    expect(second.store.applyNow(settle(3, 1, 35)).outcome).toMatchObject({ replayed: true })
    expect(second.store.applyNow(reserve(4, lines, 46)).outcome.kind).toBe("refused")
    expect(second.store.applyNow(reserve(5, lines, 45)).outcome.kind).toBe("reserved")
  })

  it("keeps a batch with one append", async () => {
    const appended: number[] = []
    const journal: Journal = {
      load: () => ({ snapshot: null, entries: [] }),
      append: (entries) => void appended.push(entries.length),
      wantsSnapshot: () => false,
      snapshot: () => undefined,
      close: () => undefined,
    }
    const store = memoryStore({ journal, nowMs: () => NOW_MS })
    await store.apply([charge(1, "a", 1), charge(2, "a", 1), charge(2, "a", 1)])
    expect(appended).toEqual([2])
  })

  it("refuses everything once an append has failed, whatever it was asked", async () => {
    const full = new Error("no space left on device")
    let isFull = false
    const journal: Journal = {
      load: () => ({ snapshot: null, entries: [] }),
      append: () => {
        if (isFull) throw full
      },
      wantsSnapshot: () => false,
      snapshot: () => undefined,
      close: () => undefined,
    }
    const store = memoryStore({ journal, nowMs: () => NOW_MS })
    store.applyNow(charge(1, "a", 1))
    isFull = true
    const failure = failureOf(() => store.applyNow(charge(2, "a", 1)))
    expect(failure).toBeInstanceOf(StoreUnavailable)
    expect((failure as StoreUnavailable).cause).toBe(full)
    isFull = false
    for (const ask of [
      () => store.apply([charge(2, "a", 1)]),
      () => store.apply([charge(3, "a", 1)]),
      () => store.read(["x"]),
      () => store.list({ limit: 1 }),
      () => store.events({ limit: 1 }),
      () => store.claim("log", 1, 1),
      () => store.confirm(["x"]),
    ])
      await expect(ask()).rejects.toBeInstanceOf(StoreUnavailable)
    expect(failureOf(() => store.applyNow(charge(4, "a", 1)))).toBeInstanceOf(StoreUnavailable)
  })

  it("answers nothing after a step that failed midway", async () => {
    const { store } = openAt(freshPath())
    const odd = Object.defineProperty({ ...charge(1, "a", 1) }, "lines", {
      get: () => {
        throw new RangeError("a bug")
      },
    })
    expect(failureOf(() => store.applyNow(odd))).toBeInstanceOf(RangeError)
    expect(failureOf(() => store.applyNow(charge(2, "a", 1)))).toBeInstanceOf(StoreUnavailable)
    expect(failureOf(() => store.applyNow(charge(2, "a", 1)))).toBeInstanceOf(StoreUnavailable)
  })

  it("refuses options that are none", () => {
    const path = freshPath()
    const of = (options: object): unknown => failureOf(() => fileJournal(options as never))
    expect(of({ path: "", fsync: "never" })).toMatchObject({
      message: expect.stringContaining("name a file"),
    })
    expect(of({ path })).toMatchObject({ message: expect.stringContaining("choose") })
    expect(of({ path, fsync: "sometimes" })).toMatchObject({
      message: '`fsync` is `sometimes`; choose "always", "everysec" or "never"',
    })
    expect(of({ path, fsync: "never", snapshotEveryBytes: 0 })).toBeInstanceOf(TypeError)
    expect(of({ path: `${path}/missing/x`, fsync: "never" })).toMatchObject({
      reason: "no-directory",
    })
  })
})

describe("what a journal reads", () => {
  it("a torn last record is cut off, told, and nothing else is lost", async () => {
    const { bytes, starts } = await journalBytes(freshPath(), 4)
    const last = starts.at(-1) ?? 0
    for (let cut = last + 1; cut < bytes.length - 1; cut += 61) {
      const path = freshPath()
      writeFileSync(path, bytes.subarray(0, cut))
      const { store, notices } = openAt(path)
      expect(settledOf(store, "a")).toBe(1 + 2 + 4)
      expect(notices).toEqual([
        {
          kind: "torn",
          message: `journal \`${path}\` ended in a record that was never whole: its ${cut - last} bytes at byte ${last} were cut off`,
        },
      ])
      await store.confirm(["short"])
      await store.close()
      const again = openAt(path)
      expect(again.notices).toEqual([])
      again.store.applyNow(charge(9, "a", 10))
      await again.store.close()
      expect(settledOf(openAt(path).store, "a")).toBe(17)
    }
  })

  it("a last record that lacks only its line's end is kept", async () => {
    const { bytes } = await journalBytes(freshPath(), 3)
    const path = freshPath()
    writeFileSync(path, bytes.subarray(0, -1))
    const { store, notices } = openAt(path)
    expect([settledOf(store, "a"), notices]).toEqual([7, []])
    store.applyNow(charge(9, "a", 10))
    await store.close()
    expect(settledOf(openAt(path).store, "a")).toBe(17)
  })

  it("pages of zeros at the end are a torn record too", async () => {
    const { bytes, starts } = await journalBytes(freshPath(), 3)
    for (const whole of [0, 9, 40]) {
      const path = freshPath()
      const rest = bytes.subarray(0, (starts.at(-1) ?? 0) + whole)
      writeFileSync(path, Buffer.concat([rest, Buffer.alloc(4_096)]))
      const { store, notices } = openAt(path)
      expect(settledOf(store, "a")).toBe(3)
      expect(notices.map(({ kind }) => kind)).toEqual(["torn"])
    }
  })

  it.each<[string, (bytes: Buffer, at: number, next: number) => Buffer]>([
    ["changed", (bytes, at) => flipped(bytes, at + 30)],
    ["missing", (bytes, at, next) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(next)])],
    ["there twice", (b, at, next) => Buffer.concat([b.subarray(0, next), b.subarray(at)])],
    [
      "a page of zeros",
      (b, at, next) =>
        Buffer.concat([b.subarray(0, at), Buffer.alloc(next - at), b.subarray(next)]),
    ],
  ])(
    "damage before the last record is refused, and left alone: a record is %s",
    async (_, damage) => {
      const { bytes, starts } = await journalBytes(freshPath(), 6)
      for (const from of [-2, -3, -4]) {
        const [start = 0, next = 0] = [starts.at(from), starts.at(from + 1)]
        const path = freshPath()
        const damaged = damage(bytes, start, next)
        writeFileSync(path, damaged)
        const failure = failureOf(() => openAt(path))
        expect(failure).toBeInstanceOf(StoreCorrupt)
        const { message } = failure as StoreCorrupt
        const at = Number(/is damaged at byte (\d+)/.exec(message)?.[1])
        expect([start, next]).toContain(at)
        expect(message).toContain(`journal \`${path}\` is damaged at byte ${at}`)
        expect(message).toContain(`start with its first ${at} bytes`)
        expect(readFileSync(path).equals(damaged)).toBe(true)
        writeFileSync(path, damaged.subarray(0, at))
        const kept = settledOf(openAt(path).store, "a")
        expect([2 ** (7 + from) - 1, 2 ** (6 + from) - 1]).toContain(kept)
      }
    },
  )

  it("a snapshot that is cut short is refused", async () => {
    const path = freshPath()
    const { store } = openAt(path, { snapshotEveryBytes: 1 })
    store.applyNow(charge(1, "a", 20))
    await store.close()
    const bytes = readFileSync(path)
    for (const cut of [HEADER.length + 1, HEADER.length + 20, bytes.length - 3]) {
      writeFileSync(path, bytes.subarray(0, cut))
      expect(failureOf(() => openAt(path))).toMatchObject({
        name: "StoreCorrupt",
        message: expect.stringContaining("the snapshot is cut short"),
      })
      expect(statSync(path).size).toBe(cut)
    }
  })

  it.each([
    ["a newer format", HEADER.replace(/\d+/, String(FORMAT_VERSION + 1)), "by a newer version"],
    ["a newer wire", HEADER.replace(/\d+$/, "99"), "by a newer version"],
    ["another file", "# shopping list", "does not begin as a journal does"],
    ["an old empty line", "", "does not begin as a journal does"],
  ])("%s is refused, and left alone", (_, header, words) => {
    const path = freshPath()
    writeFileSync(path, `${header}\nrest\n`)
    expect(failureOf(() => openAt(path))).toMatchObject({
      name: "StoreCorrupt",
      message: expect.stringContaining(words),
    })
    expect(readFileSync(path, "utf8")).toBe(`${header}\nrest\n`)
  })

  it("a change of a kind that is not known is refused, not passed over", () => {
    const path = freshPath()
    writeRecords(path, [`["decision",${NOW_MS},[{"kind":"abolish","key":"a"}],[]]`])
    expect(failureOf(() => openAt(path))).toMatchObject({
      name: "StoreCorrupt",
      message: expect.stringContaining("writes what is not known here"),
    })
  })

  it("a change that no ledger can take names its place", () => {
    const path = freshPath()
    writeRecords(path, [
      `["decision",${NOW_MS},[{"kind":"account","key":"a","value":{"meters":5}}],[]]`,
    ])
    const failure = failureOf(() => openAt(path))
    expect(failure).toMatchObject({ name: "StoreCorrupt" })
    expect((failure as Error).message).toMatch(/journal `.*` at byte \d+: /)
    expect(failureOf(() => openAt(path))).toMatchObject({ name: "StoreCorrupt" })
  })
})

describe("snapshots", () => {
  it("take the place of the entries, and keep everything", async () => {
    const path = freshPath()
    const { store } = openAt(path, { snapshotEveryBytes: 2_000 })
    for (let n = 1; n <= 200; n += 1) store.applyNow({ ...charge(n, `k${n % 7}`, 1), done: n - 1 })
    store.applyNow({ ...acknowledge(201, "k1"), done: 200 })
    const [claimed] = await store.claim("log", 1, 1)
    await store.deadLetter([claimed?.id ?? ""], "gone")
    const size = statSync(path).size
    expect(size).toBeLessThan(60_000)
    await store.close()
    const again = openAt(path).store
    expect(again.ledger.accounts).toEqual(store.ledger.accounts)
    expect([...again.ledger.sources]).toEqual([...store.ledger.sources])
    expect(await again.events({ limit: 999 })).toEqual(
      await openAt(copyOf(path)).store.events({ limit: 999 }),
    )
    expect((await again.deadLetters({ limit: 9 })).items).toHaveLength(1)
    expect(readdirSync(dirname(path)).filter((name) => name.endsWith(".new"))).toEqual([])
  })

  it("leave the journal whole at any instant of a crash", async () => {
    const path = freshPath()
    const { store } = openAt(path)
    for (let n = 1; n <= 5; n += 1) store.applyNow(charge(n, "a", 1))
    await store.close()
    const bytes = readFileSync(path)
    for (const unfinished of ["", HEADER, bytes.subarray(0, 100), bytes]) {
      const crashed = freshPath()
      writeFileSync(crashed, bytes)
      writeFileSync(`${crashed}.new`, unfinished)
      expect(settledOf(openAt(crashed).store, "a")).toBe(5)
      expect(existsSync(`${crashed}.new`)).toBe(false)
    }
  })

  it("that cannot be written leave the journal as it is, and are told", async () => {
    const path = freshPath()
    const { store, notices } = openAt(path, { snapshotEveryBytes: 600 })
    const { mkdirSync } = await import("node:fs")
    mkdirSync(`${path}.new`)
    for (let n = 1; n <= 4; n += 1) store.applyNow(charge(n, "a", 1))
    expect(notices.map(({ kind }) => kind)).toContain("snapshot-failed")
    await store.close()
    const { rmdirSync } = await import("node:fs")
    if (existsSync(`${path}.new`)) rmdirSync(`${path}.new`)
    expect(settledOf(openAt(path).store, "a")).toBe(4)
  })
})

const flipped = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

const copyOf = (path: string): string => {
  const copy = freshPath()
  writeFileSync(copy, readFileSync(path))
  return copy
}

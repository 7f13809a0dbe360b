import { readFileSync, writeFileSync } from "node:fs"
import { StoreCorrupt } from "@spendfuse/core/ports"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { failureOf, freshPath, journalBytes, openAt, settledOf, writeRecords } from "./support.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 400)
const SEED = Number(process.env.LAW_SEED ?? 7)

describe("whatever bytes a journal holds", () => {
  const whole = journalBytesOnce()
  it("it opens with all of them, or all but a torn end, or is StoreCorrupt and left alone", async () => {
    const { bytes, starts } = await whole()
    const last = starts.at(-1) ?? 0
    const bytesOf = fc.uint8Array({ maxLength: 40 }).map((some) => Buffer.from(some))
    const edit = fc.record({
      at: fc.nat({ max: bytes.length }),
      drop: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: bytes.length })),
      put: fc.oneof(
        bytesOf,
        fc.constantFrom("\n", " ", "0", "{}", "\0\0").map((s) => Buffer.from(s)),
      ),
    })
    const path = freshPath()
    await fc.assert(
      fc.asyncProperty(edit, async ({ at, drop, put }) => {
        const edited = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + drop)])
        writeFileSync(path, edited)
        let store: ReturnType<typeof openAt>["store"]
        try {
          store = openAt(path).store
        } catch (error) {
          expect(error).toBeInstanceOf(StoreCorrupt)
          expect(readFileSync(path).equals(edited)).toBe(true)
          return
        }
        const settled = settledOf(store, "a")
        await store.close()
        if (edited.length === 0 || edited.equals(bytes)) return
        expect(at + drop, "damage before a last record that is whole").toBeGreaterThan(last)
        expect(settled).toBeGreaterThanOrEqual(commonRecords(bytes, edited, starts))
      }),
      { numRuns: RUNS, seed: SEED },
    )
  })

  it("arbitrary bytes and arbitrary records are StoreCorrupt or a store", () => {
    const path = freshPath()
    const word = fc.constantFrom(
      '"decision"',
      '"outbox"',
      '"shared"',
      '"account"',
      '"snapshot"',
      '"kept"',
      "0",
      "1",
      "-1",
      "1e99",
      "[]",
      "{}",
      "null",
      '{"$ref":0}',
      '{"$map":[]}',
      '{"kind":"account","key":"a","value":{}}',
      '{"kind":"reserved","command":{},"outcome":{},"atMs":1}',
      '{"kind":"heard","upTo":9}',
      '{"kind":"confirm","ids":[1]}',
      '{"kind":"reservation","id":{},"division":"","value":null}',
      '{"kind":"marked","key":"k","n":1,"atMs":1,"ended":"x"}',
      '{"kind":"answered","key":"k","n":1,"done":0,"atMs":1,"entry":null}',
    )
    const record = fc
      .array(fc.oneof(word, fc.json()), { maxLength: 5 })
      .map((l) => `[${l.join(",")}]`)
    const decision = fc
      .array(word, { maxLength: 3 })
      .map((l) => `["decision",1,[${l.join(",")}],[]]`)
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }).map((some) => [Buffer.from(some)] as const),
          fc.array(fc.oneof(record, decision), { maxLength: 4 }),
        ),
        (content) => {
          const [first] = content
          if (first instanceof Buffer) writeFileSync(path, first)
          else writeRecords(path, content as readonly string[])
          const failure = failureOf(() => openAt(path).store.close())
          if (failure !== null) expect(failure).toBeInstanceOf(StoreCorrupt)
        },
      ),
      { numRuns: RUNS, seed: SEED },
    )
  })
})

/** What the records charge that both files have whole from their start. */
const commonRecords = (bytes: Buffer, edited: Buffer, starts: readonly number[]): number => {
  let same = 0
  while (same < bytes.length && bytes[same] === edited[same]) same += 1
  const whole = [...starts.slice(1), bytes.length].filter((end) => end <= same).length
  return 2 ** Math.max(0, whole - (starts.length - 5)) - 1
}

function journalBytesOnce(): () => ReturnType<typeof journalBytes> {
  let kept: ReturnType<typeof journalBytes> | undefined
  return () => {
    kept ??= journalBytes(freshPath(), 5)
    return kept
  }
}

import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { run } from "../fakeIo.ts"
import { read } from "./readText.ts"

const LINES = Array.from(
  { length: 20_000 },
  (_, at) => `{"time":"2026-01-15T10:00:00Z","usd":1,"id":${(at * 7_919) % 10_007}}`,
)

/** A run of `suggest` over bytes that come in pieces. */
const ranOf = async (bytes: Uint8Array, piece = 4_096, argv: readonly string[] = []) =>
  run(
    ["suggest", "log", ...argv],
    {},
    {
      parts: async function* () {
        for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
      },
    },
  )

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const utf16 = (text: string): Uint8Array => new Uint8Array(Buffer.from(`\uFEFF${text}`, "utf16le"))

describe("a log that is not whole", () => {
  it("is refused where its gzip is cut or broken, with the place", async () => {
    const whole = gzipSync(LINES.join("\n"))
    const broken = new Uint8Array(whole)
    broken.fill(7, 9_000, 9_040)
    for (const bytes of [whole.subarray(0, whole.length >> 1), broken]) {
      const { code, out, err } = await ranOf(bytes)
      expect([code, out]).toEqual([2, ""])
      expect(err).toMatch(/^log: after [\d,]+ rows: the gzip is cut or broken; fetch it anew.*zcat/)
    }
  })

  it("has one bad row where its last line or its JSON is cut", async () => {
    const line = await read('{"time":"2026-01-15","usd":1}\n{"time":"2026-01-15","us')
    expect([line.reading.read, line.reading.bad.first]).toEqual([
      1,
      [{ line: 2, why: "it is not a JSON object; mend the line" }],
    ])
    for (const cut of ['{"time":"2026-', "", '{"time":"2026-01-15","usd":2}']) {
      const document = await read(`[{"time":"2026-01-15","usd":1},\n${cut}`)
      const { count, first } = document.reading.bad
      expect([count, first[0]?.why]).toEqual([
        1,
        "the JSON ends before its last bracket; mend the file",
      ])
    }
  })

  it("says that there is nothing in it, or nothing of that form", async () => {
    for (const text of ["", "\n\n", "time,usd\n", "time,usd"])
      expect((await ranOf(bytesOf(text))).err).toMatch(/it is empty, or a head alone\n$/)
    const { err } = await ranOf(bytesOf(LINES[0] ?? ""), 64, ["--format", "otlp"])
    expect(err).toContain("none of its records is a call as `otlp` writes them; name another")
  })
})

describe("a log that is told by its first bytes", () => {
  it.each([1, 3, 4_096])("is unpacked or decoded, in pieces of %d", async (piece) => {
    const text = "time\tusd\r\n2026-01-15\t1\r\n"
    for (const bytes of [
      bytesOf(text),
      utf16(text),
      gzipSync(bytesOf(text)),
      gzipSync(utf16(text)),
    ])
      expect((await ranOf(bytes, piece)).err).toMatch(/^1 row, 2026-01-15/)
  })

  it.each([
    ["PK\x03\x04rest of it", "it is a zip, as a workbook is; unpack it"],
    ["PAR1rest of it", "it is Parquet; write it as CSV"],
    ["\x28\xB5\x2F\xFDrest of it", "it is packed by zstd; unpack it"],
    ["\xFD7zXZ\0rest of it", "it is packed by xz; unpack it"],
    ["BZh91AY", "it is packed by bzip2; unpack it"],
  ])("is refused with the mend: %j", async (text, why) => {
    const { code, err } = await ranOf(new Uint8Array(Buffer.from(text, "latin1")))
    expect([code, err]).toEqual([2, expect.stringContaining(`log: ${why}`)])
  })
})

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { CliError } from "../../src/io.ts"
import { FORMATS } from "../../src/replay/formats/all.ts"
import { columnsOf } from "../../src/replay/options.ts"
import { remarksOf } from "../../src/replay/remarks.ts"
import { payerText } from "../../src/replay/reportText.ts"
import { read } from "./readText.ts"

const AT = "2026-01-15T10:00:00Z"

describe("values that are no texts", () => {
  it("are bad rows where a name is asked for, with the mend", async () => {
    const lines = [
      { time: AT, model: { id: "gpt-5" }, input_tokens: 1 },
      { time: AT, org: ["a"], usd: 1 },
      { time: AT, user: { toString: 1 }, usd: 1 },
      { time: { toString: 1, valueOf: 1 }, usd: 1 },
    ]
    const { reading, rows } = await read(lines.map((line) => JSON.stringify(line)).join("\n"))
    expect(rows).toEqual([])
    expect(reading.bad.first.map(({ why }) => why)).toEqual([
      "`model` is an object, not a text; map what is in it: --map COLUMN.NAME=model",
      "`org` is a list, not a text; map what is in it: --map COLUMN.NAME=org",
      "`user` is an object, not a text; map what is in it: --map COLUMN.NAME=user",
      "`time` is an object, not a text; map what is in it: --map COLUMN.NAME=time",
    ])
  })

  it("are shown without what a terminal would obey", async () => {
    const log = '"time","\u001b[2Jx\ny",usd\n2026-01-15,1,1\n"\u001b]0;title\u0007\n",1,1\n'
    const { reading } = await read(log)
    expect(reading.bad.first[0]?.why).toContain(
      "`time` is `\uFFFD]0;title\uFFFD\uFFFD`, not an instant",
    )
    expect(payerText({ org: "a\u001b[2J" })).toBe("org a\uFFFD[2J")
    expect(remarksOf(reading)[0]).toContain("1 column not read: `\uFFFD[2Jx\uFFFDy`; ")
  })

  it("throw nothing but what names the mend, whatever the form", async () => {
    const anyValue = fc.oneof(
      fc.constantFrom<unknown>(null, "", "a", -1, 1e15, true, AT, 1_768_471_200, [], {}),
      fc.constantFrom<unknown>({ toString: 1, valueOf: 2 }, [{ toString: 1 }]),
    )
    const names = [
      ...new Set(FORMATS.flatMap(({ columns }) => Object.values(columns).flat())),
      ...OF_EXPANDED,
    ].map((name) => name.split(".")[0] ?? name)
    const anyRecord = fc.letrec<{ record: object }>((tie) => ({
      record: fc.dictionary(
        fc.constantFrom(...names),
        fc.oneof(
          { depthSize: "small", withCrossShrink: true },
          anyValue,
          fc.array(tie("record"), { maxLength: 2 }),
        ),
        { maxKeys: 12 },
      ),
    })).record
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(undefined, ...FORMATS.map(({ name }) => name)),
        fc.array(anyRecord, { minLength: 1, maxLength: 3 }),
        async (format, records) => {
          try {
            await read(records.map((one) => JSON.stringify(one)).join("\n"), {
              ...(format !== undefined && { format }),
            })
          } catch (error) {
            expect(error).toBeInstanceOf(CliError)
          }
        },
      ),
      { seed: 8, numRuns: Number(process.env.LAW_RUNS ?? 2_000) },
    )
  })
})

/** Names that forms look for by themselves. */
const OF_EXPANDED = [
  "data results result start_time end_time starting_at ending_at num_model_requests resourceSpans",
  "scopeSpans spans batches attributes startTimeUnixNano endTimeUnixNano input_tokens output_tokens",
  "prompt_tokens response_status reasoning_tokens metadata custom_llm_provider model total_cost type",
].flatMap((line) => line.split(" "))

describe("names of dimensions", () => {
  it.each(["__proto__", "constructor", "toString"])("may be `%s`", async (name) => {
    const map = columnsOf([`tenant=${name}`])
    const { rows } = await read(`time,usd,tenant\n${AT},1,acme\n`, { map })
    expect(Object.entries(rows[0]?.subject ?? {})).toEqual([[name, "acme"]])
  })
})

import { describe, expect, it } from "vitest"
import { read } from "./readText.ts"

const AT_MS = Date.UTC(2026, 0, 15, 10)

/** Two calls, cells between what is given; a cell of JSON has commas, semicolons and tabs in it. */
const logOf = (delimiter: string): string =>
  [
    ["time", '"a, note; of|what"', "usd", "apiKey"],
    ["2026-01-15T10:00:00Z", '"{""a"":1,""b"":""x;y|z"",""c"":3,""d"":4}"', "0.25", "Zoë"],
    ["2026-01-15T10:00:01Z", '"two\nlines, and more, and more; and more"', "0.5", "k"],
  ]
    .map((cells) => cells.join(delimiter))
    .join("\r\n")

describe("what stands between the cells of a CSV", () => {
  it.each([",", ";", "\t", "|"])("is told by the head: %j", async (delimiter) => {
    const { reading, rows } = await read(logOf(delimiter))
    expect(reading.bad.first).toEqual([])
    expect(rows).toEqual([
      { atMs: AT_MS, subject: { apiKey: "Zoë" }, usage: {}, chargeNanoUsd: 250_000_000 },
      { atMs: AT_MS + 1_000, subject: { apiKey: "k" }, usage: {}, chargeNanoUsd: 500_000_000 },
    ])
  })

  it("is a comma where there is one column", async () => {
    const { rows } = await read("time\n2026-01-15T10:00:00Z\n", { set: { usd: "1" } })
    expect(rows).toMatchObject([{ atMs: AT_MS, chargeNanoUsd: 1_000_000_000 }])
  })
})

describe("the head of a CSV", () => {
  const row = { atMs: AT_MS, chargeNanoUsd: 1_000_000_000 }

  it("may stand behind a mark, empty lines or the delimiter's own line, with blanks around names", async () => {
    for (const text of [
      '\uFEFF"time",usd\r\n2026-01-15T10:00:00Z,1\r\n',
      "\r\n\r\ntime;usd\r\n2026-01-15T10:00:00Z;1\r\n",
      "sep=;\r\ntime;usd\r\n2026-01-15T10:00:00Z;1\r\n",
      "time, usd\n2026-01-15T10:00:00Z, 1\n",
      "time,usd\r2026-01-15T10:00:00Z,1\r",
    ])
      expect((await read(text)).rows).toMatchObject([row])
    const said = await read("sep=|\ntime|usd\nnever|1\n")
    expect(said.reading.bad.first[0]?.line).toBe(3)
  })

  it("has no two columns of one name: neither is read before it is mapped", async () => {
    const text = "time,usd,usd\n2026-01-15T10:00:00Z,1,2\n"
    const { reading, rows } = await read(text)
    expect(rows).toEqual([])
    expect(reading.unread).toEqual(["usd (1 of 2)", "usd (2 of 2)"])
    expect((await read(text, { map: { usd: ["usd (1 of 2)"] } })).rows).toMatchObject([row])
  })

  it("names a column without a name by its place", async () => {
    const text = ",time,usd,\n0,2026-01-15T10:00:00Z,1,\n"
    const { reading, rows } = await read(text)
    expect([reading.unread, rows]).toMatchObject([["column 1"], [row]])
    expect((await read(text, { map: { row: ["column 1"] } })).rows[0]?.subject).toEqual({
      row: "0",
    })
  })

  it("is refused with too many columns", async () => {
    await expect(read(`${",".repeat(1e6)}\n`)).rejects.toThrow(
      "line 1: the head has 1,000,001 columns, and at most 10,000 are read",
    )
    const { reading } = await read(`time${",a-name-of-some-length".repeat(5e5)}\n2026-01-15,1\n`)
    expect(reading.bad.first).toEqual([
      { line: 1, why: expect.stringMatching(/longer than 8 MiB/) },
    ])
  })
})

describe("rows of a CSV that are none", () => {
  it("are named with what is wrong, and the others are read", async () => {
    const { reading, rows } = await read(
      'time,usd\n2026-01-15,1\n2026-01-15,0,25\n2026-01-15\n2026-01-15,5" x\n2026-01-15,1\n',
    )
    expect(rows).toHaveLength(2)
    expect(reading.bad.first).toEqual([
      { line: 3, why: "it has 3 cells and the head 2; mend the row" },
      { line: 4, why: "it has 1 cell and the head 2; mend the row" },
      { line: 5, why: "a quote stands inside a cell; double it, and put the cell in quotes" },
    ])
  })

  it("end the log where a quote is never closed, and the line where it opens is named once", async () => {
    for (const behind of [1, 700_000]) {
      const { reading, rows } = await read(
        `time,usd\n2026-01-15,1\n2026-01-15,"1\n${"2026-01-15,1\n".repeat(behind)}`,
      )
      expect(rows).toHaveLength(1)
      const why = expect.stringMatching(/^the row that begins here has an open quote/)
      expect(reading.bad).toEqual({ count: 1, first: [{ line: 3, why }] })
    }
  })
})

describe("numbers as some countries write them", () => {
  const whyOf = async (cell: string, name: string): Promise<string | undefined> => {
    const { reading, rows } = await read(`time;${name};apiKey\n2026-01-15T10:00:00Z;${cell};k\n`)
    expect(rows).toEqual([])
    return reading.bad.first[0]?.why
  }

  it.each(["0,0125", "1.234,5", "1,234.56", "$1,5", "1 234,5"])(
    "are no amount of dollars: %s",
    async (cell) => {
      expect(await whyOf(cell, "usd")).toBe(
        `\`usd\` is \`${cell}\`, with a comma: write decimals behind a point, and no thousands apart, as 1234.5`,
      )
    },
  )

  it.each(["1.250", "1,250", "1 250", "12.345.678", "1,250.00"])(
    "are no count: %s",
    async (cell) => {
      expect(await whyOf(cell, "inputTokens")).toBe(
        `\`inputTokens\` is \`${cell}\`, which may have its thousands apart; write the digits alone`,
      )
    },
  )

  it.each(["9007200", "1e30", "99999999999"])("are too many dollars: %s", async (cell) => {
    expect(await whyOf(cell, "usd")).toBe(
      `\`usd\` is \`${cell}\`, above 9007199 dollars; mend the row`,
    )
  })

  it("are counts where a tool wrote them as decimals", async () => {
    const { rows } = await read("time,inputTokens,outputTokens\n2026-01-15,1250.0,7.00\n")
    expect(rows[0]?.usage).toEqual({ inputTokens: 1_250, outputTokens: 7 })
  })
})

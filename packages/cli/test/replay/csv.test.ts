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

  it("are counts where a tool wrote them as decimals", async () => {
    const { rows } = await read("time,inputTokens,outputTokens\n2026-01-15,1250.0,7.00\n")
    expect(rows[0]?.usage).toEqual({ inputTokens: 1_250, outputTokens: 7 })
  })
})

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type Column, tableText } from "../../src/operator/table.ts"

interface Row {
  readonly name: string
  readonly count: string
  readonly says: string
}

const columns: readonly Column<Row>[] = [
  { head: "name", cell: ({ name }) => name, flows: "anywhere", least: 12 },
  { head: "count", cell: ({ count }) => count, align: "right", spare: 1 },
  { head: "says", cell: ({ says }) => says, flows: "at spaces" },
]

const row = fc.record({
  name: fc.string({ unit: fc.constantFrom("a", "b", "/", "é"), minLength: 1, maxLength: 60 }),
  count: fc.string({ unit: fc.constantFrom("1", "2"), maxLength: 30 }),
  says: fc.lorem({ maxCount: 12 }),
})

const widest = (text: string): number =>
  Math.max(...text.split("\n").map((line) => [...line].length))

/** What stands in a column, its lines put together again. */
const cellsOf = (text: string, at: number): string =>
  text
    .split("\n")
    .filter((line) => line.startsWith("│"))
    .map((line) => line.split("│")[at + 1]?.trim() ?? "")
    .join("")

describe("a table", () => {
  it("fits the terminal, and leaves out no part of a name", () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 40, max: 140 }),
        (rows, width) => {
          const text = tableText(columns, rows, width)
          expect(widest(text)).toBeLessThanOrEqual(width)
          expect(cellsOf(text, 0)).toBe(`name${rows.map(({ name }) => name).join("")}`)
        },
      ),
      { seed: 20_260_115, numRuns: Number(process.env.LAW_RUNS ?? 200) },
    )
  })

  it("leaves out what can be spared before it breaks what can flow", () => {
    const rows = [{ name: "day/agent-7", count: "1".repeat(20), says: "it is latched" }]
    expect(tableText(columns, rows, 60)).toContain("count")
    const narrow = tableText(columns, rows, 40)
    expect(narrow).not.toContain("count")
    expect(narrow).toContain("day/agent-7")
  })
})

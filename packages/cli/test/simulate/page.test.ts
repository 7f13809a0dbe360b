import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { run } from "../fakeIo.ts"
import { fleetOf } from "./fleets.ts"

const folder = mkdtempSync(join(tmpdir(), "spendfuse-simulate-"))
afterAll(() => rmSync(folder, { recursive: true }))

const pageOf = async (more: Readonly<Record<string, unknown>> = {}): Promise<string> => {
  const file = join(folder, "page.html")
  const { err } = await run(["simulate", "f.jsonc", "--html", file], { "f.jsonc": fleetOf(more) })
  expect(err).toBe("")
  return readFileSync(file, "utf8")
}

const dataOf = (html: string) => JSON.parse(/const DATA = (\{.*?\});\n/s.exec(html)?.[1] ?? "null")

describe("the page of spendfuse simulate", () => {
  it("loads nothing, and shows what the terminal shows", async () => {
    const html = await pageOf({ expect: { pagesAtLeast: 2 } })
    expect(html).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)=/)
    expect(html).not.toMatch(/(?:src|href|url\()\s*=?\s*["']?https?:/)
    expect(html).toContain("<h1>Four lanes</h1>")
    expect(html).toContain("<td>post-hoc counter</td>")
    expect(html).toContain("<td>exhausted</td>")
    expect(html).toContain("<span>pager: key-hour/k1 at 100%</span>")
    expect(html).toContain("<td>MISSED</td><td>expect.pagesAtLeast</td>")
    expect(html).toContain("<td>each apiKey</td>")
  })

  it("plots what each way had spent by the end of each step", async () => {
    const { at, lines, isLog } = dataOf(await pageOf())
    expect(at).toHaveLength(120)
    expect(at[0]).toBe(Date.UTC(2026, 0, 15, 10, 0, 30) / 1000)
    expect(at.at(-1)).toBe(Date.UTC(2026, 0, 15, 11) / 1000)
    const ends = Object.fromEntries(
      lines.map(({ name, spent }: { name: string; spent: number[] }) => [name, spent.at(-1)]),
    )
    expect(ends["no guard"]).toBeCloseTo(24, 1)
    expect(ends["post-hoc counter"]).toBeCloseTo(1.2, 1)
    expect(ends.Spendfuse).toBeCloseTo(1, 1)
    // 24 times: a logarithm, on which nothing spent is no point.
    expect(isLog).toBe(true)
    expect(lines[0].spent[0]).toBeNull()
  })

  it("lets no text of the fleet be markup", async () => {
    const html = await pageOf({ title: "</script><b>x" })
    expect(html).not.toContain("</script><b>x")
    expect(html).toContain("&lt;/script&gt;&lt;b&gt;x")
  })
})

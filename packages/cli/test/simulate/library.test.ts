import { readdirSync, readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { run } from "../fakeIo.ts"

const names = readdirSync(new URL("../../incidents/", import.meta.url))
  .filter((file) => file.endsWith(".jsonc"))
  .map((file) => file.replace(/\.jsonc$/, ""))

describe("the library of incidents", () => {
  it("is published with the package", () => {
    const manifest = JSON.parse(
      readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
    )
    expect(manifest.files).toContain("incidents/*.jsonc")
  })

  it("is listed with its titles", async () => {
    const { code, out } = await run(["simulate", "--list"], {}, { columns: 200 })
    expect(code).toBe(0)
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) expect(out).toMatch(new RegExp(`│ ${name} +│ \\S`))
  })

  it("is played by name, whatever files lie about", async () => {
    const { code, out } = await run(["simulate", "agent-loop"], { "agent-loop": "{ bad" })
    expect(code).toBe(0)
    expect(out).toContain("An agent loops for 18 hours towards $72,000")
    const file = await run(["simulate", "./agent-loop"], { "./agent-loop": "{ bad" })
    expect(file).toMatchObject({
      code: 2,
      err: expect.stringContaining("./agent-loop:1:3: not JSON"),
    })
  })

  it("is played as a whole into one table, and every expectation is met", async () => {
    const { code, out, err } = await run(["simulate", "--all"], {}, { columns: 200 })
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(out).toMatch(
      /│ incident +│ +no guard │ +billing alert │ +post-hoc counter │ +Spendfuse │/,
    )
    for (const name of names) expect(out).toMatch(new RegExp(`│ ${name} +│ +\\$`))
    expect(out).toMatch(/│ agent-loop +│ +\$72,210\.74 │ +\$72,210\.74 │/)
    const json = await run(["simulate", "--all", "--json", "--way", "spendfuse"])
    const fleets = json.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).fleet)
    expect(fleets).toEqual([...names].sort())
  })

  it("fits a terminal of 80 columns", async () => {
    for (const argv of [["--all"], ["--list"], ["agent-loop"]]) {
      const { out } = await run(["simulate", ...argv], {}, { columns: 80 })
      const tables = out.split("\n").filter((line) => /^[┌│├└]/.test(line))
      for (const line of tables) expect(line.length).toBeLessThanOrEqual(80)
    }
  })
})

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { describe, expect, it } from "vitest"
import { run } from "../fakeIo.ts"

const HISTORY = readFileSync(new URL("./history.csv", import.meta.url), "utf8")

const policyOf = (usd: number): string =>
  JSON.stringify({
    budgets: [
      {
        id: "key",
        per: ["apiKey"],
        limit: { usd },
        window: "hour",
        tiers: [
          { at: "50%", notify: ["chat"] },
          { at: "100%", block: true, notify: ["pager"] },
        ],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 4000,
  })

const FILES = { "log.csv": HISTORY, "p.json": policyOf(0.25), "wide.json": policyOf(5) }

const jsonOf = async (argv: readonly string[], more: Parameters<typeof run>[2] = {}) => {
  const { code, out, err } = await run([...argv, "--json"], FILES, more)
  expect({ code, err }).toEqual({ code: 0, err: "" })
  return JSON.parse(out)
}

describe("spendfuse replay", () => {
  it("gives the same figures on every run", async () => {
    const { log, policies } = await jsonOf(["replay", "log.csv", "--policy", "p.json"])
    expect(log).toMatchObject({ format: "plain", read: 9 })
    expect(log.bad).toEqual({
      count: 1,
      first: [
        { line: 10, why: "`outputTokens` is `many`, not a whole number from 0; mend the row" },
      ],
    })
    const { asked, served, refused, legitimate, illegitimate, reasons, warnings } =
      policies[0].report
    // In the hour from 10:00 the agent has 0.065 + 0.09 of its 0.25, and the next calls cost 0.14, 0.24, 0.2525.
    expect({ asked, served, refused, legitimate, illegitimate, reasons, warnings }).toEqual({
      asked: { calls: 9, nanoUsd: 809_662_500 },
      served: { calls: 6, nanoUsd: 177_162_500 },
      refused: { calls: 3, nanoUsd: 632_500_000 },
      legitimate: { calls: 0, nanoUsd: 0 },
      illegitimate: { calls: 3, nanoUsd: 632_500_000 },
      reasons: { exhausted: 3 },
      warnings: 1,
    })
  })

  it("says side by side what two policies would have done, and what the lowest limit is", async () => {
    const argv = ["replay", "log.csv", "--policy", "p.json", "--against", "wide.json"]
    const { policies } = await jsonOf(argv)
    expect(policies.map(({ name }: { name: string }) => name)).toEqual(["p.json", "wide.json"])
    expect(policies[1].report.refused.calls).toBe(0)
    expect(policies[0].checked.isUnder).toBe(true)
    expect(policies[0].checked.refused.calls).toBe(0)
    const { out } = await run(argv, FILES)
    expect(out).toContain("wide.json")
    expect(out).toContain("line 10: `outputTokens` is `many`")
  })

  it("reads gzip, and columns by whatever name", async () => {
    const renamed = HISTORY.replace("time,apiKey,org", "when,bearer,tenant")
    const packed = gzipSync(renamed)
    const parts = async function* () {
      yield packed.subarray(0, 20)
      yield packed.subarray(20)
    }
    const maps = ["--map", "when=time", "--map", "bearer=apiKey", "--map", "tenant=org"]
    const argv = ["replay", "log.csv", "--policy", "p.json", ...maps]
    const { policies } = await jsonOf(argv, { parts })
    expect(policies[0].report.asked.nanoUsd).toBe(809_662_500)
  })

  it("writes a page that loads nothing", async () => {
    const folder = mkdtempSync(join(tmpdir(), "replay-"))
    const page = join(folder, "r.html")
    const { code } = await run(["replay", "log.csv", "--policy", "p.json", "--html", page], FILES)
    expect(code).toBe(0)
    const html = readFileSync(page, "utf8")
    rmSync(folder, { recursive: true })
    expect(html).toContain("A history replayed")
    expect(html).not.toMatch(/(?:src|href)=["']?http/)
  })

  it("says what is wrong, and how to mend it", async () => {
    const lacking = { "log.csv": HISTORY.replace(",apiKey,", ",nobody,") }
    const { code, err } = await run(["replay", "log.csv", "--policy", "p.json"], {
      ...FILES,
      ...lacking,
    })
    expect(code).toBe(2)
    expect(err).toMatch(/no row can be played: .*`apiKey`.*--map or --set/)
    const bad = await run(["replay", "log.csv", "--policy", "p.json", "--map", "cost"], FILES)
    expect(bad).toMatchObject({ code: 2, err: expect.stringContaining("--map team_id=org") })
    const format = await run(["replay", "log.csv", "--policy", "p.json", "--format", "x"], FILES)
    expect(format.err).toContain("there are azure, openai-usage")
  })
})

const TRACES = fileURLToPath(
  new URL("../../../../../shared/data/AzureLLMInferenceTrace_conv.csv.gz", import.meta.url),
)

describe("the public traces (Splitwise, Patel and others, ISCA 2024; CC-BY 4.0)", () => {
  it("replay to the same figures", async () => {
    if (!existsSync(TRACES)) {
      console.log("left out: the public traces are not beside this checkout")
      return
    }
    const parts = async function* () {
      yield readFileSync(TRACES)
    }
    const policy = policyOf(40).replace("4000", "16384")
    const sets = ["--set", "apiKey=all", "--set", "model=gpt-5"]
    const { code, out } = await run(
      ["replay", "-", "--policy", "p.json", ...sets, "--json"],
      { "p.json": policy },
      { parts },
    )
    expect(code).toBe(0)
    const { log, policies } = JSON.parse(out)
    expect(log).toMatchObject({ format: "azure", read: 19_366, bad: { count: 0 } })
    const { asked, refused, reasons } = policies[0].report
    expect({ asked, refused, reasons }).toMatchInlineSnapshot(`
        {
          "asked": {
            "calls": 19366,
            "nanoUsd": 68838987500,
          },
          "reasons": {
            "exhausted": 4743,
          },
          "refused": {
            "calls": 4743,
            "nanoUsd": 14434522500,
          },
        }
      `)
  })
})

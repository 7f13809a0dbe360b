import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { run } from "../fakeIo.ts"
import { read } from "./readText.ts"

const POLICY = JSON.stringify({
  budgets: [
    {
      id: "day",
      per: ["platform"],
      limit: { usd: 1 },
      window: "day",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})

/** Says the same four ways: replay's text, JSON and page, and suggest's standard error. */
const saidOf = async (log: string): Promise<readonly string[]> => {
  const files = { "log.csv": log, "p.json": POLICY }
  const folder = mkdtempSync(join(tmpdir(), "remarks-"))
  const page = join(folder, "page.html")
  const text = await run(["replay", "log.csv", "--policy", "p.json", "--html", page], files)
  const html = readFileSync(page, "utf8")
  rmSync(folder, { recursive: true })
  const suggested = await run(["suggest", "log.csv"], files)
  expect([text.code, suggested.code]).toEqual([0, 0])
  return [text.out, html, suggested.err]
}

const logOf = async (log: string): Promise<unknown> => {
  const { out } = await run(["replay", "log.csv", "--policy", "p.json", "--json"], {
    "log.csv": log,
    "p.json": POLICY,
  })
  return JSON.parse(out).log
}

describe("columns that no field was read from", () => {
  const log = "time,usd,tenant,note,feature\n2026-01-15T10:00:00Z,0.01,acme,,search\n"

  it("are named with the mend, by replay and by suggest", async () => {
    for (const said of await saidOf(log)) {
      expect(said).toContain("2 columns not read: `tenant`, `feature`; ")
      expect(said).toContain("--map COLUMN=NAME")
    }
    expect(await logOf(log)).toMatchObject({ unread: ["tenant", "feature"] })
    const { out } = await run(["suggest", "log.csv", "--json"], { "log.csv": log })
    expect(JSON.parse(out).log.unread).toEqual(["tenant", "feature"])
  })

  it("are named where no row can be read or played, which is when one looks for them", async () => {
    const read = { "log.csv": "when,usd\n2026-01-15,1\n", "p.json": POLICY }
    const unread = await run(["suggest", "log.csv"], read)
    expect(unread.err).toMatch(/line 2: `time` is missing.*\n1 column not read: `when`; /)
    const log = { "log.csv": "time,kind,inputTokens\n2026-01-15,chat,1\n", "p.json": POLICY }
    const unplayed = await run(["replay", "log.csv", "--policy", "p.json"], log)
    expect(unplayed.err).toMatch(/no row can be played: .*\n1 column not read: `kind`; /)
    expect([unread.code, unplayed.code]).toEqual([2, 2])
  })

  it("are none once they are mapped, whole or into", async () => {
    const map = { org: ["tenant"], feature: ["feature"] }
    expect((await read(log, { map })).reading.unread).toEqual([])
    const line = '{"time":"2026-01-15T10:00:00Z","usage":{"in":5},"a":{"b":1},"c.d":2}\n'
    const into = { inputTokens: ["usage.in"], org: ["c.d"] }
    expect((await read(line, { map: into })).reading.unread).toEqual(["a"])
  })

  it("are no dimensions before they are mapped, and the help says so", async () => {
    expect((await read(log)).rows[0]?.subject).toEqual({})
    const map = { tenant: ["tenant"] }
    expect((await read(log, { map })).rows[0]?.subject).toEqual({ tenant: "acme" })
    const { out } = await run(["replay", "--help"])
    expect(out).toContain("`--map COLUMN=NAME` makes a dimension of it")
    expect(out).not.toContain("any other name is a dimension")
  })

  it("count those that another column goes before, and not those that are read now and then", async () => {
    const lines = ["time,at,user,user_id,usd", "2026-01-15T10:00:00Z,1,,u,1", "2026-01-15,1,v,,1"]
    expect((await read(lines.join("\n"))).reading.unread).toEqual(["at"])
    const mapped = await read(lines.join("\n"), { map: { time: ["time"], user: ["user_id"] } })
    expect(mapped.reading.unread).toEqual(["at"])
  })

  it("are told by the first 100 records, and not of forms that look for what they need", async () => {
    const late = Array.from(
      { length: 102 },
      (_, at) => `{"time":"2026-01-15","usd":1,${at < 100 ? `"x":1` : `"y":1`}}`,
    )
    expect((await read(late.join("\n"))).reading.unread).toEqual(["x"])
    const spend = '{"startTime":"2026-01-15","spend":1,"prompt_tokens":1,"other":1}'
    const { reading } = await read(spend)
    expect([reading.format, reading.unread]).toEqual(["litellm", []])
  })
})

describe("columns that are mapped and not there", () => {
  it("are named, whatever the form, and not those that are empty or inside", async () => {
    const argv = ["--map", "tenant_id=org", "--map", "note=x", "--json"]
    const files = { "log.csv": "time,usd,tenantId,note\n2026-01-15,1,acme,\n", "p.json": POLICY }
    const { out } = await run(["replay", "log.csv", "--policy", "p.json", ...argv], files)
    expect(JSON.parse(out).log).toMatchObject({ absent: ["tenant_id"], unread: ["tenantId"] })
    const text = await run(["suggest", "log.csv", ...argv.slice(0, 2)], files)
    expect(text.err).toContain(
      "none of the first records has what --map names: `tenant_id`; mend the name",
    )
    const spend = '{"startTime":"2026-01-15","spend":1,"prompt_tokens":1,"metadata":"{\\"a\\":1}"}'
    const map = { a: ["metadata.a"], b: ["metadata.b"], c: ["allInputTokens"] }
    expect((await read(spend, { map })).reading.absent).toEqual(["metadata.b"])
  })
})

describe("rows without output tokens", () => {
  const log = [
    "time,model,input_tokens,output_tokens,usd",
    "2026-01-15T10:00:00Z,gpt-5,100,,",
    "2026-01-15T10:00:01Z,gpt-5,100,,",
    "2026-01-15T10:00:02Z,gpt-5,100,0,",
    "2026-01-15T10:00:03Z,gpt-5,100,,0.01",
  ].join("\n")

  it("are counted and named with the mend, but for those with a count of 0 or a cost", async () => {
    for (const said of await saidOf(log)) {
      expect(said).toContain("2 rows without output tokens or a cost: ")
      expect(said).toContain("--map COLUMN=outputTokens, unless these are embeddings")
    }
    expect(await logOf(log)).toMatchObject({ read: 4, unread: [], withoutOutput: 2 })
  })

  it("are none where every row has its own", async () => {
    const { reading } = await read("time,usd\n2026-01-15,1\n")
    expect(reading.withoutOutput).toBe(0)
    for (const said of await saidOf("time,usd\n2026-01-15,1\n"))
      expect(said).not.toContain("without output")
  })
})

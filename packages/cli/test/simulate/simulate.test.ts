import { decodeFleet, simulate } from "@spendfuse/core/lab"
import { describe, expect, it } from "vitest"
import { run } from "../fakeIo.ts"
import { fleetOf } from "./fleets.ts"

const play = (argv: readonly string[], more: Readonly<Record<string, unknown>> = {}) =>
  run(["simulate", ...argv], { "f.jsonc": `// a comment\n${fleetOf(more)}`, "-": fleetOf(more) })

const jsonOf = async (argv: readonly string[], more: Readonly<Record<string, unknown>> = {}) => {
  const { out, err } = await play([...argv, "--json"], more)
  expect(err).toBe("")
  return JSON.parse(out)
}

describe("spendfuse simulate", () => {
  it("tells the ways side by side, and what the counter let through beyond Spendfuse", async () => {
    const { code, out, err } = await play(["f.jsonc"])
    expect({ code, err }).toEqual({ code: 0, err: "" })
    expect(out).toMatch(
      /^Four lanes\nto be counted by hand\n2026-01-15 10:00 to 2026-01-15 11:00 UTC, /,
    )
    // The person's calls are some tenths of a cent each.
    expect(out).toMatch(/│ no guard +│ +\$24\.\d\d │ +\$24\.\d\d │ .* 0 │ +0 │/)
    expect(out).toMatch(/│ post-hoc counter +│ +\$1\.2\d │/)
    expect(out).toMatch(/│ Spendfuse +│ +\$1\.0\d │/)
    expect(out).toContain(
      "The post-hoc counter let through $0.20 more than Spendfuse, and refused as many wanted calls.",
    )
    expect(out).not.toContain("billing alert")
  })

  it("tells each actor, what was told, and the bounds beside what was seen", async () => {
    const { out } = await play(["f.jsonc"])
    expect(out).toMatch(/│ lanes +│ no +│ +240 │ +10 │ busy 2, exhausted 228 +│ +\$1\.00 │/)
    expect(out).toContain("  10:02:00  warning  chat: key-hour/k1 at 50%: half is gone\n")
    expect(out).toContain("  10:03:00  page     pager: key-hour/k1 at 100%\n")
    expect(out).toContain("1 warning and 1 page in all.")
    expect(out).toMatch(/│ each apiKey │ an hour +│ +\$1 │ +\$1 │ 100 % │/)
    expect(out).not.toContain("a week")
    expect(out).not.toContain("expected")
  })

  it("tells nothing of what nobody is told", async () => {
    const json = JSON.parse(fleetOf())
    for (const tier of json.policy.budgets[0].tiers) tier.notify = undefined
    json.policy.budgets[0].tiers[0].degrade = "cheaper"
    json.policy.fallbacks = { cheaper: { model: "m" } }
    const { out } = await play(["f.jsonc"], { policy: json.policy })
    expect(out).toContain("told (UTC)\nNobody was told anything.\n")
  })

  it("compares calls where no model costs anything", async () => {
    const { policy } = JSON.parse(fleetOf())
    const [budget] = policy.budgets
    const free = {
      policy: { ...policy, budgets: [{ ...budget, limit: { requests: 10 } }] },
      models: { m: { input: 0, output: 0, maxOutput: 4000 } },
    }
    const { out } = await play(["f.jsonc"], free)
    expect(out).toMatch(/│ Spendfuse +│ +\$0\.00 │/)
    expect(out).toContain(
      "The post-hoc counter let through 2 calls more than Spendfuse, and refused as many wanted calls.",
    )
  })

  it("shows on a terminal how far it is, and leaves nothing of it", async () => {
    const { err } = await run(["simulate", "-"], { "-": fleetOf() }, { isTerminal: true })
    expect(err).toMatch(/·{30} {3}0 % <stdin>, seed 1: no guard/)
    expect(err.endsWith("\r\u001b[2K")).toBe(true)
  })

  it("prints the report as it is, the same bytes for the same seed", async () => {
    const first = await play(["f.jsonc", "--json", "--seed", "7"])
    const again = await play(["f.jsonc", "--json", "--seed", "7"])
    const other = await play(["f.jsonc", "--json", "--seed", "8"])
    expect(again.out).toBe(first.out)
    expect(other.out).not.toBe(first.out)
    const decoded = decodeFleet(JSON.parse(fleetOf()))
    if (!decoded.ok) throw new Error("the fleet of the tests is not one")
    const report = simulate(decoded.fleet, { seed: 7 })
    expect(JSON.parse(first.out)).toEqual({
      fleet: "f.jsonc",
      why: "to be counted by hand",
      source: null,
      ...report,
      expectations: [],
    })
    expect(first.out.match(/\n/g)).toHaveLength(1)
  })

  it("reads the standard input, and plays only the ways that are named", async () => {
    const { fleet, ways } = await jsonOf(["-", "--way", "spendfuse", "--way", "unguarded"])
    expect(fleet).toBe("<stdin>")
    expect(ways.map(({ way }: { way: string }) => way)).toEqual(["unguarded", "spendfuse"])
  })

  it("exits 1 where an expectation is missed, and tells which were met", async () => {
    const expects = {
      spentAtMost: 0.5,
      pagesAtLeast: 1,
      refusedAtMost: { lanes: "100%", person: "1%" },
    }
    const { code, out } = await play(["f.jsonc"], { expect: expects })
    expect(code).toBe(1)
    expect(out).toMatch(/│ MISSED │ expect\.spentAtMost +│ at most \$0\.50 +│ \$1\.0/)
    expect(out).toMatch(/│ met +│ expect\.pagesAtLeast +│ at least 1 +│ 1 /)
    expect(out).toMatch(
      /│ met +│ expect\.refusedAtMost\.lanes +│ at most 100 % of calls +│ \d\d\.\d+ % \(/,
    )
    const { expectations, missed } = await jsonOf(["f.jsonc"], { expect: expects })
    expect(expectations.map(({ isMet }: { isMet: boolean }) => isMet)).toEqual([
      false,
      true,
      true,
      true,
    ])
    expect(missed).toHaveLength(1)
    expect((await play(["f.jsonc"], { expect: { pagesAtLeast: 1 } })).code).toBe(0)
    // Without Spendfuse there is nothing to hold it to.
    expect((await play(["f.jsonc", "--way", "counter"], { expect: expects })).code).toBe(0)
  })

  it("tells what people did, and what was decided while the store was silent", async () => {
    const { out } = await play(["f.jsonc"], {
      alert: { usd: 1 },
      people: { answerIn: "10m", stop: ["lanes"] },
      faults: [{ kind: "store-outage", at: "30m", lasts: "5m" }],
    })
    expect(out).toMatch(/│ billing alert +│.*│ no +│/)
    expect(out).toMatch(/│ Spendfuse +│.*│ 10:13:00 +│/)
    expect(out).toContain("No bound is compared: it moves where hosts decide without the store.")
  })

  it("tells what was decided without a store that is late", async () => {
    const json = JSON.parse(fleetOf())
    const { out } = await play(["f.jsonc"], {
      policy: { ...json.policy, onStoreUnavailable: "allow" },
      faults: [{ kind: "slow-store", by: "1s", at: "30m", lasts: "5m" }],
    })
    expect(out).toContain("of it was decided without the store.\n")
    expect(out).toContain("No bound is compared: it moves where hosts decide without the store.")
  })
})

describe("spendfuse simulate --runs", () => {
  it("gives the least, the median and the most of each figure", async () => {
    const { seeds, ways, missed } = await jsonOf(["f.jsonc", "--seed", "3", "--runs", "3"])
    expect(seeds).toEqual([3, 4, 5])
    expect(missed).toEqual([])
    const single = await Promise.all(
      ["3", "4", "5"].map((seed) => jsonOf(["f.jsonc", "--seed", seed, "--way", "unguarded"])),
    )
    const spent = single.map(({ ways: [way] }) => way.billedNanoUsd).sort((a, b) => a - b)
    expect(ways[0].way).toBe("unguarded")
    expect(ways[0].billedNanoUsd).toEqual({ least: spent[0], median: spent[1], most: spent[2] })
    expect(new Set(spent).size).toBe(3)
  })

  it("says in how many runs every expectation was met", async () => {
    const met = await play(["f.jsonc", "--runs", "3"], { expect: { pagesAtLeast: 1 } })
    expect(met.code).toBe(0)
    expect(met.out).toContain("Every expectation was met in 3 of 3 runs.")
    const missed = await play(["f.jsonc", "--runs", "3"], { expect: { pagesAtLeast: 2 } })
    expect(missed.code).toBe(1)
    expect(missed.out).toContain("Every expectation was met in 0 of 3 runs.")
    expect(missed.out).toContain("  seed 2: expect.pagesAtLeast: 1, expected at least 2\n")
  })
})

describe("what spendfuse simulate cannot play", () => {
  it("says every problem of a file with line and column, plays the others, and exits 2", async () => {
    const bad = fleetOf({
      lasts: "soon",
      hosts: 0,
      faults: [{ kind: "host-crash", host: 9, at: "0s", lasts: "1m" }],
    })
    const { code, out, err } = await run(["simulate", "bad.jsonc", "f.jsonc"], {
      "bad.jsonc": bad,
      "f.jsonc": fleetOf(),
    })
    expect(code).toBe(2)
    expect(out).toContain("Four lanes")
    const lines = err.trimEnd().split("\n")
    expect(lines).toHaveLength(3)
    for (const [at, field] of ["lasts", "hosts", "faults[0].host"].entries())
      expect(lines[at]).toMatch(
        new RegExp(`^bad\\.jsonc:\\d+:\\d+: ${field.replace(/[[\]]/g, "\\$&")}: `),
      )
    expect(lines[0]).toContain('`"soon"` is not a duration above 0; write e.g. "1h30m"')
  })

  it.each([
    [["nowhere.jsonc"], /^nowhere\.jsonc: cannot be read: there is no such file\n$/],
    [
      ["agent-lop"],
      /^agent-lop: cannot be read: .*nor an incident of that name; there are agent-loop, /,
    ],
    [["./agent-loop"], /^\.\/agent-loop: cannot be read: there is no such file\n$/],
    [[], /no fleet is named; give a file, a name that `--list` shows, or `--all`/],
    [["--all", "f.jsonc"], /`--all` plays the library; leave out/],
    [
      ["f.jsonc", "--way", "x"],
      /`--way x` is no way; there are unguarded, alert, counter, spendfuse/,
    ],
    [
      ["f.jsonc", "--runs", "0"],
      /`--runs 0` is not a whole number from 1 to 999999999; write e\.g\. --runs 20/,
    ],
    [["f.jsonc", "--seed", "1.5"], /`--seed 1\.5` is not a whole number from 0/],
    [["f.jsonc", "--html", "x", "--runs", "2"], /`--html` shows one run of one fleet/],
    [
      ["f.jsonc", "--html", "/nowhere/x.html"],
      /the page cannot be written: ENOENT; give another place with --html/,
    ],
    [
      ["f.jsonc", "--calls-max", "100"],
      /^f\.jsonc: the fleet asks for more than 100 calls; let it last shorter, .*; or allow more with --calls-max\n$/,
    ],
  ])("%j", async (argv, message) => {
    const { code, err } = await play(argv)
    expect(code).toBe(2)
    expect(err).toMatch(message)
  })
})

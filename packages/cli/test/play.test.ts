import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { run, scenario } from "./fakeIo.ts"

const SEED = Number(process.env.LAW_SEED ?? 20_260_115)
const RUNS = Number(process.env.LAW_RUNS ?? 100)

const reserve = (id: string, amount: number, expect?: unknown) => ({
  reserve: id,
  subject: { apiKey: "k1" },
  amount: { usdNano: amount },
  ...(expect !== undefined && { expect }),
})

describe("spendfuse play", () => {
  it("says ok, and exits 0 where all is met", async () => {
    const file = scenario(reserve("a", 4, { allowed: true }))
    const { code, out, err } = await run(["play", "a.jsonc"], { "a.jsonc": file })
    expect({ code, out, err }).toEqual({ code: 0, out: "ok   a.jsonc: t\n", err: "" })
  })

  it("names file, step and field of what is not met, and exits 1", async () => {
    const file = scenario(reserve("a", 4), reserve("b", 11, { allowed: true, reason: "busy" }))
    const { code, out } = await run(["play", "a.jsonc"], { "a.jsonc": file })
    expect(code).toBe(1)
    expect(out).toBe(
      [
        "FAIL a.jsonc: t",
        "     a.jsonc: steps[1].expect.allowed: is false (too-large), expected true",
        '     a.jsonc: steps[1].expect.reason: is "too-large", expected "busy"',
        "",
      ].join("\n"),
    )
  })

  it("says by which fault a step was not allowed", async () => {
    const file = scenario({ ...reserve("a", 0.5, { allowed: true }) })
    const { out } = await run(["play", "a.jsonc"], { "a.jsonc": file })
    expect(out).toContain("steps[0].expect.allowed: is false (invalid-command), expected true")
  })

  it("prints with --json exactly step, at, outcome, events and met, one line per step", async () => {
    const file = scenario(
      reserve("a", 4),
      {
        at: "1s",
        parallel: [reserve("b", 6), reserve("c", 6)],
        expect: { allowed: 1, refused: 1 },
      },
      { at: "2s", settle: "a", actual: { usdNano: 4 }, expect: { events: ["tier key 80%"] } },
    )
    const { code, out, err } = await run(["play", "--json", "a.jsonc"], { "a.jsonc": file })
    expect(code).toBe(1)
    expect(
      out
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line)),
    ).toEqual([
      {
        step: 0,
        at: "2026-01-15T10:00:00.000Z",
        outcome: { kind: "reserved", granted: 0 },
        events: [],
        met: true,
      },
      {
        step: 1,
        at: "2026-01-15T10:00:01.000Z",
        outcome: { kind: "parallel", allowed: 1, refused: 1, errors: 0 },
        events: [],
        met: true,
      },
      {
        step: 2,
        at: "2026-01-15T10:00:02.000Z",
        outcome: { kind: "settled", drain: false, skipped: [] },
        events: [],
        met: false,
      },
    ])
    expect(err).toContain('steps[2].expect.events: is [], expected ["tier key 80%"]')
  })

  it("plays what comes at once in both orders", async () => {
    const file = scenario({
      parallel: [reserve("a", 7), reserve("b", 2), reserve("c", 2)],
      expect: { allowed: 2, refused: 1 },
    })
    expect((await run(["play", "a.jsonc"], { "a.jsonc": file })).code).toBe(0)
    const bound = scenario(
      { parallel: [reserve("a", 7), reserve("b", 4)] },
      { account: { budget: "key", subject: { apiKey: "k1" } }, expect: { held: { usdNano: 7 } } },
    )
    const { code, out } = await run(["play", "a.jsonc"], { "a.jsonc": bound })
    expect(code).toBe(1)
    expect(out).toContain('held: is 4, expected {"usdNano":7}')
  })

  it("shows one row per step with --table", async () => {
    const file = scenario(reserve("a", 4), { settle: "a", actual: { usdNano: 4 } })
    const { out } = await run(["play", "--table", "a.jsonc"], { "a.jsonc": file })
    expect(out).toContain("│ 1    │ 2026-01-15T10:00:00.000 │ settle a  │ settled  │")
  })

  it("says line and column of every problem of a bad file, plays the others, and exits 2", async () => {
    const bad = scenario(
      { reserve: "a", subject: { apiKey: "k1" }, amout: { usdNano: 1 }, expiresIn: "soon" },
      { expect: { allowed: true } },
      { settle: "a" },
    )
    const good = scenario(reserve("a", 4, { allowed: true }))
    const files = { "bad.jsonc": bad, "good.jsonc": good }
    const { code, out, err } = await run(["play", "bad.jsonc", "good.jsonc"], files)
    expect(code).toBe(2)
    expect(out).toBe("ok   good.jsonc: t\n")
    expect(err.trimEnd().split("\n")).toEqual([
      "bad.jsonc:13:46: steps[0].amout: is not a field of `reserve`; there are reserve, subject, amount, units, model, provider, via, expiresIn, at, issuedAt, why, expect",
      'bad.jsonc:13:68: steps[0].expiresIn: `"soon"` is not a duration; write e.g. "1h30m"',
      "bad.jsonc:14:5: steps[1]: does nothing known; a step has one of reserve, extend, settle, release, charge, acknowledge, trip, adjust, switch, expire, account, policy, parallel, restart, store",
      "bad.jsonc:15:5: steps[2].actual: is missing; `settle` needs it",
    ])
  })

  it.each([
    ["{ bad", "a.json:1:3: not JSON: "],
    ["", "a.json:1:1: not JSON: "],
    ['{ "title": "t",\n  "title": "u" }', "a.json:2:3: field `title` is written twice; remove one"],
    ["[]", "a.json:1:1: it is not an object"],
  ])("says where a file is not a scenario: %j", async (text, message) => {
    const { code, err } = await run(["play", "a.json"], { "a.json": text })
    expect(code).toBe(2)
    expect(err).toContain(message)
  })

  it("reads the standard input, and says what it cannot read", async () => {
    const file = scenario(reserve("a", 4, { allowed: true }))
    const piped = await run(["play", "-"], { "-": file })
    expect(piped).toMatchObject({ code: 0, out: "ok   <stdin>: t\n" })
    const { code, err } = await run(["play", "nowhere.jsonc"])
    expect({ code, err }).toEqual({
      code: 2,
      err: "nowhere.jsonc: cannot be read: there is no such file\n",
    })
  })

  it("never crashes, whatever JSON it is given", async () => {
    const word = fc.constantFrom(
      "title",
      "start",
      "policy",
      "steps",
      "reserve",
      "settle",
      "switch",
      "account",
      "parallel",
      "at",
      "expect",
      "amount",
      "usd",
      "subject",
      "__proto__",
      "constructor",
      "k1",
    )
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { maxDepth: 4 },
        fc.constantFrom(null, true, -1, 0.5, 9e307, "", "1s", "2026-01-15T10:00:00Z", "__proto__"),
        fc.array(tie("json"), { maxLength: 4 }),
        fc
          .array(fc.tuple(word, tie("json")), { maxLength: 5 })
          .map((fields) => Object.fromEntries(fields)),
      ),
    }))
    const step = fc
      .array(fc.tuple(word, json), { maxLength: 4 })
      .map((fields) => Object.fromEntries(fields))
    const file = fc.oneof(
      json.map((value) => JSON.stringify(value) ?? "null"),
      fc.array(step, { maxLength: 4 }).map((steps) => scenario(...steps)),
      fc.string(),
    )
    await fc.assert(
      fc.asyncProperty(file, async (text) => {
        const { code, err, out } = await run(["play", "f"], { f: text })
        expect([0, 1, 2]).toContain(code)
        if (code === 2) expect(err).toMatch(/^f:\d+:\d+: /)
        else expect(out).toMatch(/^(ok {2}|FAIL) f: t\n/)
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })
})

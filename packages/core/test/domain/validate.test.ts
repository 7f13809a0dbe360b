import { describe, expect, it } from "vitest"
import { formProblemOf, problemOf } from "../../src/domain/validate.ts"
import { type Command, FOREVER_MS, type Line, RESERVATION_MAX_MS } from "../../src/domain.ts"
import {
  acknowledge,
  blockAt,
  charge,
  extend,
  hourLine,
  person,
  release,
  reserve,
  settle,
  T0,
  termsOf,
  usd,
} from "../attack/make.ts"

const line = hourLine(termsOf([blockAt(100)]))
const period = { startMs: 0, endMs: 1, keptUntilMs: 1 }
const other: Line = { ...line, account: "b/other" }
const head = { id: { source: "s", n: 2 }, done: 1, division: "*" }
const nobody = { source: "", n: 1 }
const fraction = { usd: 0.5, tokens: 0, requests: 0 }
const noInstant = FOREVER_MS + 1

const good = {
  reserve: { ...head, ...reserve([line], 1, T0, { via: "cheap", switches: ["k=1"] }) },
  extend: { ...head, ...extend(1, 1, T0, T0) },
  settle: { ...head, ...settle(1, 1) },
  release: { ...head, ...release(1) },
  charge: { ...head, ...charge([line, other], 1, 1) },
  adjust: { ...head, kind: "adjust", line, amount: -1, ...person },
  acknowledge: { ...head, ...acknowledge(line, 1, { allow: 1 }) },
  trip: { ...head, kind: "trip", account: "b/k", coolDownMs: 1, ...person },
  switch: { ...head, kind: "switch", switch: "k=1", state: "off", untilMs: T0, ...person },
  expire: { ...head, kind: "expire" },
} as const
type Kind = keyof typeof good

const problem = (kind: Kind, patch: object, nowMs = T0): string | null =>
  problemOf({ ...good[kind], ...patch } as Command, nowMs)

const ROWS: readonly (readonly [Kind, object, string])[] = [
  ["expire", { id: null }, "`id.source` is empty"],
  ["expire", { id: nobody }, "`id.source` is empty"],
  ["expire", { id: { source: 1, n: 2 } }, "`id.source` is empty"],
  ["expire", { id: { source: "s", n: 0 } }, "`id.n` is `0`, not above 0"],
  ["expire", { id: { source: "s", n: "2" } }, "`id.n` is `2`, not above 0"],
  ["expire", { done: 2 }, "`done` is `2`, not below `id.n`"],
  ["expire", { done: -1 }, "`done` is `-1`, not below `id.n`"],
  ["expire", { done: null }, "`done` is `null`, not below `id.n`"],
  ["expire", { done: {} }, "`done` is an object, not below `id.n`"],
  ["expire", { done: "9".repeat(50) }, `\`done\` is \`${"9".repeat(40)}\`, not below \`id.n\``],
  ["expire", { division: 1 }, "`division` is not a string"],
  ["expire", { kind: "mint" }, "`kind` is `mint`, which is not a command"],

  ["reserve", { lines: "b" }, "`lines` is not a list"],
  ["reserve", { lines: Array(33).fill(line) }, "`lines` has more than 32"],
  ["reserve", { lines: [null] }, "`lines` holds what is not a line"],
  ["reserve", { lines: [{ ...line, account: 1 }] }, "`lines` holds what is not a line"],
  ["reserve", { lines: [{ ...line, division: 1 }] }, "`lines` holds what is not a line"],
  ["reserve", { lines: [line, line] }, "`lines` names an account twice"],
  ["reserve", { lines: [{ ...line, terms: null }] }, "a line has no terms"],
  ["reserve", { lines: [{ ...line, terms: { limit: -1 } }] }, "a line has no terms"],
  ...[
    null,
    "an hour",
    { ...period, startMs: -noInstant },
    { ...period, endMs: noInstant, keptUntilMs: noInstant },
    { ...period, keptUntilMs: noInstant },
    { ...period, startMs: 1 },
    { ...period, startMs: 2 },
    { ...period, keptUntilMs: 0 },
  ].map(
    (bad) =>
      [
        "reserve",
        { lines: [{ ...line, period: bad }] },
        "a line has no period with a start before its end",
      ] as const,
  ),
  ["reserve", { switches: "k=1" }, "`switches` is not a list of keys"],
  ["reserve", { switches: ["k=1", 1] }, "`switches` is not a list of keys"],
  ["reserve", { base: 1 }, "`base` is not an amount in each unit"],
  ["reserve", { base: fraction }, "`base.usd` is `0.5`, not an integer from 0 to 2^53 − 1"],
  [
    "reserve",
    { base: { ...usd(1), tokens: -1 } },
    "`base.tokens` is `-1`, not an integer from 0 to 2^53 − 1",
  ],
  [
    "reserve",
    { base: { ...usd(1), requests: null } },
    "`base.requests` is `null`, not an integer from 0 to 2^53 − 1",
  ],
  ["reserve", { perUnit: fraction }, "`perUnit.usd` is `0.5`, not an integer from 0 to 2^53 − 1"],
  ...[null, { least: -1, most: 0 }, { least: 0, most: 0.5 }, { least: 2, most: 1 }].map(
    (units) =>
      ["reserve", { units }, "`units` are not integers with `least` up to `most`"] as const,
  ),
  ["reserve", { issuedAtMs: 0.5 }, "`issuedAt` is `0.5`, not an instant"],
  ["reserve", { issuedAtMs: -noInstant }, "`issuedAt` is `-8640000000000001`, not an instant"],
  ["reserve", { expiresAtMs: Number.NaN }, "`expiresAt` is `NaN`, not an instant"],
  ["reserve", { via: 1 }, "`via` is not a name"],
  ["reserve", { swallowed: -1 }, "`swallowed` is not a count"],

  ["extend", { reservation: nobody }, "`reservation.source` is empty"],
  ["extend", { base: fraction }, "`base.usd` is `0.5`, not an integer from 0 to 2^53 − 1"],
  ["extend", { expiresAtMs: "soon" }, "`expiresAt` is `soon`, not an instant"],
  ["settle", { seq: 0 }, "`seq` is not an integer above 0"],
  ["settle", { seq: -1 }, "`seq` is not an integer above 0"],
  ["settle", { final: "yes" }, "`final` is neither true nor false"],
  ["settle", { reservation: nobody }, "`reservation.source` is empty"],
  ["settle", { actual: fraction }, "`actual.usd` is `0.5`, not an integer from 0 to 2^53 − 1"],
  ["release", { reservation: nobody }, "`reservation.source` is empty"],
  ["charge", { lines: [null] }, "`lines` holds what is not a line"],
  ["charge", { amounts: fraction }, "`amounts.usd` is `0.5`, not an integer from 0 to 2^53 − 1"],
  ["charge", { ends: nobody }, "`ends.source` is empty"],

  ["adjust", { amount: 0.5 }, "`amount` is `0.5`, not a safe integer"],
  ["adjust", { line: null }, "`lines` holds what is not a line"],
  ["acknowledge", { account: 1 }, "`account` is not a key"],
  ["acknowledge", { generation: -1 }, "`generation` is `-1`, not a count"],
  ["acknowledge", { upTo: -1 }, "`upTo` is `-1`, not an amount"],
  ["acknowledge", { allow: -1 }, "`allow` is `-1`, not an amount"],
  ["acknowledge", { line: "b" }, "`lines` holds what is not a line"],
  ["acknowledge", { line: other }, "`line` is of another account"],
  ["trip", { account: 1 }, "`account` is not a key"],
  ["trip", { coolDownMs: 0 }, "`coolDown` is `0`, not a duration above 0"],
  ["trip", { coolDownMs: 0.5 }, "`coolDown` is `0.5`, not a duration above 0"],
  ["switch", { switch: 1 }, "`switch` is not a key"],
  ["switch", { state: "up" }, "`state` is `up`, neither `off` nor `on`"],
  ["switch", { untilMs: noInstant }, "`until` is `8640000000000001`, not an instant"],
  ...(["adjust", "acknowledge", "trip", "switch"] as const).flatMap((kind) =>
    ["", 1].flatMap((name): readonly (readonly [Kind, object, string])[] => [
      [kind, { by: name }, "`by` is empty; name who does it"],
      [kind, { why: name }, "`why` is empty; give the reason"],
    ]),
  ),
]

describe("a command's form", () => {
  it.each(ROWS)("names what is wrong: %s %o: %s", (kind, patch, said) => {
    expect(problem(kind, patch)).toBe(said)
  })

  it.each([null, 7, "reserve"])("is that of an object, which %o is not", (command) => {
    expect(problemOf(command as unknown as Command, T0)).toBe("it is not an object")
  })

  it.each<readonly [Kind, object]>([
    ...(Object.keys(good) as Kind[]).map((kind) => [kind, {}] as const),
    ["reserve", { via: null, lines: [], switches: [], units: { least: 2, most: 2 } }],
    [
      "reserve",
      { lines: Array.from({ length: 32 }, (_, at) => ({ ...line, account: `b/${at}` })) },
    ],
    ["reserve", { lines: [{ ...line, period }], issuedAtMs: -FOREVER_MS, expiresAtMs: -1 }],
    ["reserve", { issuedAtMs: FOREVER_MS }],
    ["extend", { expiresAtMs: null }],
    ["charge", { ends: null }],
    ["acknowledge", { allow: null }],
    ["acknowledge", { line: null }],
    ["switch", { state: "on", untilMs: null }],
  ])("has nothing wrong: %s %o", (kind, patch) => {
    expect(problem(kind, patch)).toBeNull()
  })

  it("of lines that were looked at before is not looked at again", () => {
    const command = { ...good.reserve, lines: "b", switches: "k=1" } as unknown as Command
    expect(problemOf(command, T0, () => true)).toBeNull()
    expect(formProblemOf(command)).toBe("`lines` is not a list")
  })
})

describe("a command's time", () => {
  it("may be before 1970, where a reservation keeps its end", () => {
    expect(problem("extend", { expiresAtMs: null }, -FOREVER_MS)).toBeNull()
  })

  it("needs a store's clock that shows an instant", () => {
    const said = "the store's clock is `NaN`, not an instant"
    expect(problem("expire", {}, Number.NaN)).toBe(said)
  })

  it.each(["reserve", "extend"] as const)(
    "lets a reservation run for 7 days, and no longer: %s",
    (kind) => {
      const expiresAtMs = T0 + RESERVATION_MAX_MS
      expect(problem(kind, { expiresAtMs })).toBeNull()
      expect(problem(kind, { expiresAtMs: expiresAtMs + 1 })).toBe(
        "`expiresAt` is more than 7 days away",
      )
    },
  )

  it("lets a cool-down last to the end of all time, and no longer", () => {
    const coolDownMs = FOREVER_MS - T0
    expect(problem("trip", { coolDownMs })).toBeNull()
    expect(problem("trip", { coolDownMs: coolDownMs + 1 })).toBe(
      `\`coolDown\` is \`${coolDownMs + 1}\`, which ends after all time`,
    )
  })
})

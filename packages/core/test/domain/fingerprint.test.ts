import { describe, expect, it } from "vitest"
import { fingerprintOf } from "../../src/domain/fingerprint.ts"
import type { Command, Line } from "../../src/domain.ts"
import {
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
const other: Line = { ...line, account: "b/other", division: "org" }
const head = { id: { source: "s", n: 2 }, done: 1, division: "*" }
const asked = {
  ...head,
  ...reserve([line], { usd: 1, tokens: 2, requests: 3 }, T0, {
    perUnit: { usd: 4, tokens: 5, requests: 6 },
    units: { least: 7, most: 8 },
    switches: ["k=1", "platform=all"],
  }),
} as Extract<Command, { kind: "reserve" }>
const settled = { ...head, ...settle(1, { usd: 1, tokens: 2, requests: 3 }) } as Extract<
  Command,
  { kind: "settle" }
>

it.each([
  ["reserve", asked, "88412566a88cb4f8"],
  ["reserve by a fallback", { ...asked, via: "cheap" }, "5ab976acc6cc14bd"],
  ["reserve on two lines", { ...asked, lines: [line, other] }, "a54bfb47c5e01c9a"],
  ["settle", settled, "70925782b49af3d5"],
  ["settle of a part", { ...settled, final: false }, "02533da80417903f"],
  ["extend", { ...head, ...extend(1, 1, T0) }, "f09e1ba5c2ec6a64"],
  ["release", { ...head, ...release(1) }, "77900c0290be6e86"],
  ["charge", { ...head, ...charge([line], 1, 1) }, "b78160ca10cd84cb"],
  ["trip", { ...head, kind: "trip", account: "b/k", coolDownMs: 1, ...person }, "bfa604772ee37c3d"],
])("is the same in every version, for stores keep it: %s", (_, command, digits) => {
  expect(fingerprintOf(command as Command)).toBe(digits)
})

describe("another command has another fingerprint", () => {
  const variants: readonly object[] = [
    asked,
    { ...asked, id: { source: "t", n: 2 } },
    { ...asked, id: { source: "s", n: 3 } },
    { ...asked, id: { source: "s2", n: 1 } },
    { ...asked, division: "org" },
    { ...asked, units: { least: 6, most: 8 } },
    { ...asked, units: { least: 7, most: 9 } },
    ...(["usd", "tokens", "requests"] as const).flatMap((unit) => [
      { ...asked, base: { ...asked.base, [unit]: 9 } },
      { ...asked, perUnit: { ...asked.perUnit, [unit]: 9 } },
      { ...settled, actual: { ...settled.actual, [unit]: 9 } },
    ]),
    { ...asked, via: "cheap" },
    { ...asked, via: "-" },
    { ...asked, lines: [] },
    { ...asked, lines: [line, other] },
    { ...asked, lines: [other] },
    { ...asked, lines: [{ ...line, division: "org" }] },
    { ...asked, switches: ["k=1"] },
    { ...asked, switches: ["k=1platform=all"] },
    settled,
    { ...settled, id: { source: "s", n: 3 } },
    { ...settled, division: "org" },
    { ...settled, seq: 2 },
    { ...settled, final: false },
    { ...settled, reservation: { source: "t", n: 1 } },
    { ...settled, reservation: { source: "s", n: 9 } },
  ]

  it("whatever differs in it", () => {
    const all = variants.map((command) => fingerprintOf(command as Command))
    expect(new Set(all).size).toBe(variants.length)
    expect(all.filter((digits) => !/^[0-9a-f]{16}$/.test(digits))).toEqual([])
  })
})

it("is the same whatever instants, `done` and swallowed refusals a command carries", () => {
  const later = { issuedAtMs: T0 + 1, expiresAtMs: T0 + 2, done: 0, swallowed: 4 }
  const lines = [{ ...line, period: { ...line.period, startMs: 1 } }]
  expect(fingerprintOf({ ...asked, ...later, lines })).toBe(fingerprintOf(asked))
  expect(fingerprintOf({ ...asked, base: usd(0) })).not.toBe(fingerprintOf(asked))
})

import { describe, expect, it } from "vitest"
import { AMOUNT_MAX, apply, type Command, emptyLedger, keptOf } from "../../src/domain.ts"
import { toJson } from "../../src/wire/json.ts"
import {
  acknowledge,
  blockAt,
  charge,
  extend,
  HOUR,
  hourLine,
  person,
  Room,
  reserve,
  settle,
  T0,
  termsOf,
  usd,
} from "./make.ts"

const line = hourLine(termsOf([blockAt(100, { kind: "latch" })]))
const head = { id: { source: "s", n: 1 }, done: 0, division: "*" }
const good: readonly Command[] = [
  { ...head, ...reserve([line], 1, T0) },
  { ...head, ...extend(9, 1, T0, T0 + 5) },
  { ...head, ...settle(9, 1) },
  { ...head, kind: "release", reservation: { source: "s", n: 9 } },
  { ...head, ...charge([line], 1, 9) },
  { ...head, kind: "adjust", line, amount: 1, ...person },
  { ...head, ...acknowledge(line, 1, { allow: 1 }) },
  { ...head, kind: "trip", account: "b/k", coolDownMs: 1, ...person },
  { ...head, kind: "switch", switch: "k=1", state: "off", untilMs: T0 + 5, ...person },
  { ...head, kind: "expire" },
] as readonly Command[]

const BAD_NUMBERS = [Number.NaN, 0.5, Number.POSITIVE_INFINITY, 2 ** 53, -(2 ** 53), -1]

/** Every place of a command that holds a value, terms and texts for people left out. */
const placesOf = (value: unknown, path: readonly string[] = []): readonly (readonly string[])[] =>
  typeof value === "object" && value !== null
    ? Object.entries(value).flatMap(([key, inner]) =>
        key === "terms" ? [] : [[...path, key], ...placesOf(inner, [...path, key])],
      )
    : []

const withAt = (value: unknown, [key, ...rest]: readonly string[], to: unknown): unknown => {
  if (key === undefined) return to
  if (Array.isArray(value))
    return value.map((item, at) => (String(at) === key ? withAt(item, rest, to) : item))
  return { ...(value as object), [key]: withAt((value as Record<string, unknown>)[key], rest, to) }
}

/** Legal all the same: negative corrections, an expiry or instant in the past, no more than `null` says. */
const LEGAL: Readonly<Record<string, readonly unknown[]>> = {
  "reserve lines.0.period.startMs": [-1],
  "charge lines.0.period.startMs": [-1],
  "adjust line.period.startMs": [-1],
  "acknowledge line.period.startMs": [-1],
  "adjust amount": [-1],
  "reserve lines": ["empty"],
  "reserve switches": ["empty"],
  "charge lines": ["empty"],
  "reserve expiresAtMs": [-1],
  "extend expiresAtMs": [-1],
  "switch untilMs": [-1],
}

const ok = (command: Command, path: readonly string[], bad: unknown): boolean =>
  (LEGAL[`${command.kind} ${path.join(".")}`] ?? []).includes(bad) ||
  (Array.isArray(bad) && LEGAL[`${command.kind} ${path.join(".")}`]?.includes("empty") === true) ||
  (typeof bad === "string" && (isText(command, path) || path.at(-1) === "via"))

const isText = (command: Command, path: readonly string[]): boolean => {
  let at: unknown = command
  for (const key of path) at = (at as Record<string, unknown>)[key]
  return typeof at === "string"
}

/** What comes of a command with one value made bad; null where it is refused as it must be. */
const wrongOf = (command: Command, path: readonly string[], bad: unknown): string | null => {
  if (ok(command, path, bad)) return null
  const ledger = emptyLedger()
  let said: string
  try {
    const { outcome } = apply(ledger, withAt(command, path, bad) as Command, T0)
    if (outcome.kind === "error" && toText(ledger) === EMPTY) return null
    said = outcome.kind
  } catch (error) {
    said = `throws ${String(error)}`
  }
  return `${path.join(".")} = ${show(bad)} → ${said}`
}

const isNumber = (command: Command, path: readonly string[]): boolean => {
  let at: unknown = command
  for (const key of path) at = (at as Record<string, unknown>)[key]
  return typeof at === "number"
}

describe("bad commands give a typed error and change nothing", () => {
  for (const command of good) {
    const places = placesOf(command)
    it(`§5 ${command.kind}: numbers that are NaN, fractional, unsafe or negative`, () => {
      const wrong = places
        .filter((path) => isNumber(command, path))
        .flatMap((path) => BAD_NUMBERS.map((bad) => wrongOf(command, path, bad)))
      expect(wrong.filter((one) => one !== null)).toEqual([])
    })
    it(`§5 ${command.kind}: missing fields and values of another kind`, () => {
      const wrong = places.flatMap((path) =>
        [undefined, "1", {}, [], true, 7]
          .filter((bad) => bad !== 7 || !isNumber(command, path))
          .map((bad) => wrongOf(command, path, bad)),
      )
      expect(wrong.filter((one) => one !== null)).toEqual([])
    })
  }
  for (const bad of [null, undefined, 1, "x", [], {}])
    it(`§5 a command that is ${JSON.stringify(bad) ?? "undefined"}`, () => {
      expect(apply(emptyLedger(), bad as unknown as Command, T0).outcome).toMatchObject({
        error: "invalid-command",
      })
    })
  it("§5 an unknown kind says so", () => {
    const { outcome } = apply(emptyLedger(), { ...head, kind: "mint" } as unknown as Command, T0)
    expect(outcome).toMatchObject({ error: "invalid-command", detail: expect.any(String) })
  })
  it("§5 a period that ends before it begins", () => {
    const period = { startMs: T0 + HOUR, endMs: T0, keptUntilMs: T0 + 1 }
    const { outcome } = apply(
      emptyLedger(),
      { ...head, ...charge([{ ...line, period }], 1) } as Command,
      T0,
    )
    expect(outcome).toMatchObject({ error: "invalid-command" })
  })
  it("§5 a store's clock that is no instant", () => {
    const ledger = emptyLedger()
    const { outcome } = apply(ledger, good[0] as Command, Number.NaN)
    expect(outcome).toMatchObject({ kind: "error" })
  })
})

const toText = (ledger: ReturnType<typeof emptyLedger>): string => {
  try {
    return toJson(keptOf(ledger))
  } catch (error) {
    return `not writable: ${String(error)}`
  }
}
const EMPTY = toText(emptyLedger())
const show = (value: unknown): string =>
  typeof value === "number" ? String(value) : (JSON.stringify(value) ?? "undefined")

const NAMES = [
  "",
  "__proto__",
  "constructor",
  "toString",
  "k".repeat(10_000),
  "\ud800",
  "\u0000",
  "a/b",
  "é",
  "e\u0301",
]

describe("names are opaque", () => {
  it("§5 each name is an account, a switch and a source of its own, and none is another's", () => {
    const room = new Room()
    for (const [at, name] of NAMES.entries())
      room.do(T0, charge([hourLine(termsOf([blockAt(1_000)]), T0, name)], at + 1))
    for (const [at, name] of NAMES.entries()) expect(room.meter(name)?.settled).toBe(at + 1)
    for (const name of NAMES) {
      if (name === "") continue
      const own = { source: name, n: 1 }
      expect(
        room.do(T0, reserve([hourLine(termsOf([blockAt(9_000)]), T0, `x${name}`)], 1, T0), own)
          .outcome.kind,
      ).toBe("reserved")
      expect(
        room.do(T0, reserve([hourLine(termsOf([blockAt(9_000)]), T0, `x${name}`)], 1, T0), own)
          .outcome.replayed,
      ).toBe(true)
    }
    for (const name of NAMES) {
      room.do(T0, { kind: "switch", switch: name, state: "off", untilMs: null, ...person })
      expect(room.do(T0, reserve([], 0, T0, { switches: [name] })).outcome.kind).toBe("refused")
      room.do(T0, { kind: "switch", switch: name, state: "on", untilMs: null, ...person })
      expect(room.do(T0, reserve([], 0, T0, { switches: [name] })).outcome.kind).toBe("reserved")
    }
  })
  it("§5 divisions of hostile names keep their numbers and reservations apart", () => {
    const room = new Room()
    for (const division of NAMES) {
      const own = { n: 1, division }
      const { outcome } = room.do(
        T0,
        reserve([hourLine(termsOf([blockAt(9_000)]), T0, `d${division}`)], 5, T0),
        own,
      )
      expect(outcome).toEqual({ kind: "reserved", granted: 0 })
    }
    for (const division of NAMES) {
      room.do(T0, settle(1, 2), { n: 2, division })
      expect(room.meter(`d${division}`)).toMatchObject({ settled: 2, held: 0 })
    }
  })
})

describe("amounts at 2^53 − 1", () => {
  const huge = hourLine(termsOf([]))
  it("§2 a Reserve or Extend that would pass it is `overflow` and changes nothing", () => {
    const room = new Room()
    const { n } = room.do(T0, reserve([huge], AMOUNT_MAX - 5, T0))
    expect(room.do(T0, reserve([huge], 6, T0)).outcome).toMatchObject({ error: "overflow" })
    expect(room.do(T0, extend(n, 6, T0)).outcome).toMatchObject({ error: "overflow" })
    expect(room.meter()).toMatchObject({ held: AMOUNT_MAX - 5, settled: 0 })
    expect(room.do(T0, extend(n, 5, T0)).outcome.kind).toBe("extended")
  })
  it("§2 n × perUnit above it is `overflow` too", () => {
    const room = new Room()
    const asked = reserve([huge], 1, T0, {
      perUnit: usd(2 ** 30),
      units: { least: 2 ** 30, most: 2 ** 30 },
    })
    expect(room.do(T0, asked).outcome).toMatchObject({ error: "overflow" })
  })
  it("§2 an amount of a unit that no line counts cannot make it unsafe", () => {
    const room = new Room()
    const asked = reserve([huge], 1, T0, {
      perUnit: { usd: 1, tokens: 2 ** 52, requests: 0 },
      units: { least: 0, most: 2 ** 20 },
    })
    const { n } = room.do(T0, asked)
    room.do(T0, settle(n, { usd: 1, tokens: 7, requests: 0 }, 1, false))
    expect(() => toJson(keptOf(room.ledger))).not.toThrow()
  })
  it("§2 a Settle, Charge or expiry stops at it, once, with an `overflow` event", () => {
    const room = new Room()
    room.do(T0, charge([huge], AMOUNT_MAX - 5))
    expect(room.do(T0, charge([huge], 10)).names).toEqual(["overflow b"])
    expect(room.do(T0, charge([huge], 10)).names).toEqual([])
    expect(room.meter()?.settled).toBe(AMOUNT_MAX)
  })
  it("§2 a settle above its hold stops at it, and later settles go on", () => {
    const room = new Room()
    const a = room.do(T0, reserve([huge], 5, T0))
    const b = room.do(T0, reserve([huge], 5, T0))
    expect(room.do(T0, settle(a.n, AMOUNT_MAX, 1)).names).toEqual([])
    expect(room.do(T0, settle(b.n, AMOUNT_MAX, 1)).names).toEqual(["overflow b"])
    expect(room.meter()).toMatchObject({ settled: AMOUNT_MAX, held: 0 })
    expect(() => toJson(keptOf(room.ledger))).not.toThrow()
  })
  it("§5 an Acknowledge with a huge `allow` stays writable", () => {
    const room = new Room()
    const latch = hourLine(termsOf([blockAt(100, { kind: "latch" })]))
    room.do(T0, charge([latch], 100))
    room.do(T0, acknowledge(latch, 100, { allow: AMOUNT_MAX }))
    expect(() => toJson(keptOf(room.ledger))).not.toThrow()
  })
})

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { labelOf } from "../../src/domain/meter.ts"
import { contentOf } from "../../src/domain/once.ts"
import {
  apply,
  type Command,
  type DomainEvent,
  emptyLedger,
  fingerprintOf,
  keptOf,
  type Terms,
} from "../../src/domain.ts"
import {
  accountFromWire,
  encodeText,
  eventFromWire,
  fromPlain,
  outcomeFromWire,
  termsFromWire,
  termsToWire,
  toPlain,
  toWire,
} from "../../src/wire.ts"
import { T0 } from "../attack/make.ts"
import { commandOf, type History, historyOf } from "../attack/model/histories.ts"

const seed = Number(process.env.LAW_SEED ?? 42)
const numRuns = Number(process.env.LAW_RUNS ?? 150)

const KINDS = [
  "reserve",
  "reserve",
  "settle",
  "extend",
  "charge",
  "adjust",
  "acknowledge",
  "trip",
  "switch",
  "expire",
] as const

interface Walked {
  readonly command: Command
  readonly outcome: ReturnType<typeof apply>["outcome"]
  readonly events: readonly DomainEvent[]
}

/** What the core answers, tells and keeps over a history. */
const walk = ({ pool, steps }: History) => {
  const ledger = emptyLedger()
  const walked: Walked[] = []
  let atMs = T0
  for (const { any, later, division } of steps) {
    if (any.kind === "again") continue
    atMs += later
    const command = commandOf(any, pool, walked.length + 1, 0, atMs, division)
    walked.push({ command, ...apply(ledger, command, atMs) })
  }
  return { walked, accounts: [...keptOf(ledger).accounts.values()] }
}

/** As a server gives it: through JSON. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(toPlain(value)))

describe("the wire", () => {
  it("gives back every outcome but its words for people", () => {
    fc.assert(
      fc.property(historyOf(KINDS), (history) => {
        for (const { command, outcome } of walk(history).walked) {
          const { detail: _, ...bare } = outcome as typeof outcome & { detail?: string }
          const read = outcomeFromWire(sent(bare), command)
          if (!read.ok) throw new Error(read.reason)
          if (read.value.kind === "error") expect(read.value.detail).not.toBe("")
          expect({ ...read.value, detail: undefined }).toEqual({ ...outcome, detail: undefined })
        }
      }),
      { seed, numRuns },
    )
  })

  it("gives back every account, and the terms of its meters", () => {
    fc.assert(
      fc.property(historyOf(KINDS), (history) => {
        for (const account of walk(history).accounts) {
          const terms = new Map<string, Terms>()
          for (const meter of account.meters) {
            const read = termsFromWire(JSON.parse(JSON.stringify(termsToWire(meter.terms))))
            if (!read.ok) throw new Error(read.reason)
            expect(read.value).toEqual(meter.terms)
            terms.set(encodeText(meter.terms.id), read.value)
          }
          const bare = {
            ...account,
            meters: account.meters.map((meter) => ({ ...meter, terms: meter.terms.id })),
          }
          const read = accountFromWire(sent(bare), (id) => terms.get(encodeText(id)))
          if (!read.ok) throw new Error(read.reason)
          expect(read.value).toEqual(account)
        }
      }),
      { seed, numRuns },
    )
  })

  it("refuses a circuit in a state that it does not know", () => {
    const account = { key: "a", division: "*", circuit: { state: "fused" }, meters: [] }
    expect(accountFromWire(account, () => undefined).ok).toBe(false)
  })

  it("gives back every event, and makes the name of a tier's level", () => {
    fc.assert(
      fc.property(historyOf(KINDS), (history) => {
        for (const { events } of walk(history).walked)
          for (const event of events) {
            if (event.kind === "tier") continue
            const read = eventFromWire(sent(event))
            expect(read).toEqual({ ok: true, value: event })
          }
      }),
      { seed, numRuns },
    )
    const tier = { at: 3, repeat: 3, percent: 33.333_333_333_333_336 }
    const head = { id: "b/k@0/6/0", atMs: 1, channels: ["log"], account: "b/k", incident: "b/k/0" }
    const amounts = { periodStartMs: 0, settled: 6, held: 0, limit: 9, unit: "usd" as const }
    const event = { ...head, ...amounts, kind: "tier", level: 6, passed: 2, message: "" }
    const read = eventFromWire(sent({ ...event, tier }))
    expect(read).toEqual({ ok: true, value: { ...event, label: labelOf(tier, event, 6) } })
  })

  it("takes an empty list as Lua writes it", () => {
    expect(fromPlain({ channels: {}, skipped: {} })).toEqual({
      ok: true,
      value: { channels: [], skipped: [] },
    })
  })

  it.each([
    ["an amount beyond 2^53", { kind: "adjusted", settled: "9007199254740993" }],
    ["an amount with a fraction", { kind: "adjusted", settled: "1.5" }],
    ["an amount that is none", { kind: "adjusted", settled: "9.007199254741e+15" }],
    ["a number that was rounded on the way", { kind: "adjusted", settled: 12 }],
    ["an outcome of a later version", { kind: "reticulated" }],
    ["an error of a later version", { kind: "error", error: "tired" }],
    ["nothing", null],
  ])("refuses %s", (_, plain) => {
    const [{ command }] = walk({
      pool: ["hour"],
      steps: [
        { any: { kind: "expire" }, later: 0, back: false, done: false, division: "*" },
      ] as never,
    }).walked as [Walked]
    expect(outcomeFromWire(plain, command)).toMatchObject({ ok: false })
  })

  it("names the terms of each line, and gives them beside", () => {
    fc.assert(
      fc.property(historyOf(["reserve", "charge", "adjust"]), (history) => {
        for (const { command } of walk(history).walked) {
          const wire = toWire(command)
          const lines = "lines" in command ? command.lines : "line" in command ? [command.line] : []
          for (const line of lines)
            if (line !== null) expect(wire.terms.get(encodeText(line.terms.id))).toBe(line.terms)
          expect(JSON.stringify(wire.command)).not.toContain('"tiers"')
        }
      }),
      { seed, numRuns },
    )
  })
})

describe("a fingerprint", () => {
  it("is equal where the content is, and else is not", () => {
    fc.assert(
      fc.property(historyOf(KINDS), historyOf(KINDS), (one, other) => {
        const commands = [...walk(one).walked, ...walk(other).walked].map(({ command }) => command)
        const byContent = new Map<string, string>()
        const byPrint = new Map<string, string>()
        for (const command of commands) {
          const print = fingerprintOf(command)
          expect(print).toMatch(/^[0-9a-f]{16}$/)
          const content = contentOf(command)
          expect(byContent.get(content) ?? print).toBe(print)
          expect(byPrint.get(print) ?? content).toBe(content)
          byContent.set(content, print)
          byPrint.set(print, content)
        }
      }),
      { seed, numRuns },
    )
  })
})

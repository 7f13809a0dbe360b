import fc from "fast-check"
import { type Line, REFUSAL_REASONS } from "../../src/domain.ts"
import { check, must } from "./check.ts"
import {
  type At,
  anyCharge,
  anyExtend,
  anyReserve,
  anySettle,
  CAP,
  commandOf,
  historyOf,
  LATCH,
  lineOf,
  PERIOD_MS,
  PROBED,
  TRIP,
  termsOf,
  usd,
  walk,
} from "./histories.ts"
import { anyTerms } from "./mixes.ts"
import { Model } from "./model.ts"
import type { Core, Law } from "./prove.ts"

/** Levels, circuits, reasons. */
export const circuitLaws: readonly Law[] = [
  {
    id: "I6",
    name: "latched means latched, open means open, and probation keeps to its allowance",
    holds: (core) => {
      check(historyOf(anyReserve, anyReserve, anySettle, anyCharge, anyExtend), (history) => {
        for (const terms of [LATCH, TRIP]) {
          const model = new Model()
          const closedUntil = new Map<string, number>()
          for (const [at, step] of walk(core, history, terms).entries()) {
            const asked = history[at] as At
            const { any, atMs } = asked
            const outcome = step.decision.outcome.kind
            if (
              any.kind === "reserve" &&
              any.accounts.some((name) => atMs < (closedUntil.get(name) ?? 0))
            )
              must(outcome === "refused", "it was admitted while the circuit is open or latched")
            const before = new Map(closedUntil)
            model.take(asked, at + 1, step)
            for (const name of ["a", "__proto__", "c"])
              for (const startMs of [0, 10, 20, 30, 40]) {
                const isOver =
                  terms === TRIP ? atMs >= startMs + PERIOD_MS : atMs >= startMs + 2 * PERIOD_MS
                if (isOver || model.settled(`b/${name}`, startMs) < CAP || before.has(name))
                  continue
                closedUntil.set(name, terms === LATCH ? Number.POSITIVE_INFINITY : atMs + 3)
              }
          }
        }
      })
      probation(core)
      probationAtTheEdge(core)
    },
  },
  {
    id: "I9",
    name: "more spend never admits more",
    holds: (core) =>
      check(
        fc.tuple(
          fc.integer({ min: 0, max: 9 }),
          fc.integer({ min: 0, max: 4 }),
          anyReserve,
          anyTerms,
        ),
        ([spent, more, any, terms]) => {
          const granted = (amount: number): number => {
            const ledger = core.emptyLedger()
            core.apply(
              ledger,
              commandOf({ any: { kind: "charge", accounts: ["a"], amount }, atMs: 0 }, 1, terms),
              0,
            )
            const { outcome } = core.apply(
              ledger,
              commandOf({ any: { ...any, accounts: ["a"] }, atMs: 1 }, 2, terms),
              1,
            )
            return outcome.kind === "reserved" ? outcome.granted : -1
          }
          must(granted(spent + more) <= granted(spent), "more was admitted after more was spent")
        },
      ),
  },
  {
    id: "R1",
    name: "rank: the first reason in the published order wins, and every obstacle is named",
    holds: (core) =>
      check(
        fc.record({
          off: fc.boolean(),
          lines: fc.array(
            fc.record({
              spent: fc.integer({ min: 0, max: 6 }),
              held: fc.integer({ min: 0, max: 6 }),
              latched: fc.boolean(),
            }),
            { minLength: 1, maxLength: 3 },
          ),
          cost: fc.integer({ min: 1, max: 8 }),
        }),
        ({ off, lines, cost }) => {
          const ledger = core.emptyLedger()
          const asked: Line[] = []
          const expected: string[] = off ? ["switched-off"] : []
          let n = 0
          const head = () => {
            n += 1
            return { id: { source: "r", n }, done: 0, division: "*" }
          }
          for (const [at, { spent, held, latched }] of lines.entries()) {
            const terms = termsOf({ kind: latched ? "latch" : "block" }, `r${at}`)
            const line = lineOf("x", 0, terms)
            const hold = Math.min(held, CAP - spent)
            asked.push(line)
            core.apply(
              ledger,
              {
                ...head(),
                kind: "reserve",
                issuedAtMs: 0,
                lines: [line],
                switches: [],
                base: usd(hold),
                perUnit: usd(0),
                units: { least: 0, most: 0 },
                expiresAtMs: 50,
                via: null,
                swallowed: 0,
              },
              0,
            )
            core.apply(
              ledger,
              { ...head(), kind: "charge", lines: [line], amounts: usd(spent), ends: null },
              0,
            )
            if (latched && spent >= CAP) expected.push("latched")
            else if (cost > CAP) expected.push("too-large")
            else if (spent + cost > CAP) expected.push("exhausted")
            else if (spent + hold + cost > CAP) expected.push("busy")
          }
          if (off)
            core.apply(
              ledger,
              {
                ...head(),
                kind: "switch",
                switch: "k=1",
                state: "off",
                untilMs: null,
                by: "a",
                why: "b",
              },
              0,
            )
          const { outcome } = core.apply(
            ledger,
            {
              ...head(),
              kind: "reserve",
              issuedAtMs: 1,
              lines: asked,
              switches: ["k=1"],
              base: usd(cost),
              perUnit: usd(0),
              units: { least: 0, most: 0 },
              expiresAtMs: 50,
              via: null,
              swallowed: 0,
            },
            1,
          )
          const first = REFUSAL_REASONS.find((reason) => expected.includes(reason))
          must(
            (outcome.kind === "refused" ? outcome.reason : undefined) === first,
            `the reason is not ${first}`,
          )
          const named =
            outcome.kind === "refused" ? outcome.obstacles.map(({ reason }) => reason) : []
          must(
            JSON.stringify(named) === JSON.stringify(expected),
            `not every obstacle is named: ${named} for ${expected}`,
          )
        },
      ),
  },
]

/** Probation that starts at the very end of a period starts from nothing: what that period used is over. */
const probationAtTheEdge = (core: Core): void =>
  check(fc.constantFrom(-1, 0, 1), (beside) => {
    const ledger = core.emptyLedger()
    const trippedAtMs = PERIOD_MS - 3
    const lookedAtMs = PERIOD_MS + beside
    const charge = { kind: "charge" as const, accounts: ["a"], amount: CAP }
    core.apply(
      ledger,
      commandOf({ any: charge, atMs: trippedAtMs - 1 }, 1, PROBED),
      trippedAtMs - 1,
    )
    const { events } = core.apply(
      ledger,
      commandOf({ any: { kind: "expire" }, atMs: lookedAtMs }, 2, PROBED),
      lookedAtMs,
    )
    must(
      events.some((event) => event.kind === "circuit" && event.state === "half-open"),
      "probation did not start",
    )
    const circuit = ledger.accounts.get("b/a")?.circuit
    const allowed = circuit?.state === "half-open" ? circuit.allowance : null
    must(allowed === (beside < 0 ? CAP + 2 : 2), `probation allows ${allowed} at the edge`)
  })

const probation = (core: Core): void =>
  check(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 6 }), (costs) => {
    const ledger = core.emptyLedger()
    core.apply(
      ledger,
      commandOf({ any: { kind: "charge", accounts: ["a"], amount: CAP }, atMs: 8 }, 1, PROBED),
      8,
    )
    let held = 0
    for (const [at, base] of costs.entries()) {
      const any = {
        kind: "reserve" as const,
        accounts: ["a"],
        base,
        most: 0,
        per: 1 as const,
        life: 50 as const,
      }
      const { outcome } = core.apply(ledger, commandOf({ any, atMs: 12 }, at + 2, PROBED), 12)
      const fits = base === 0 || held + base <= 2
      must((outcome.kind === "reserved") === fits, "probation does not keep to its allowance")
      if (outcome.kind === "reserved") held += base
    }
  })

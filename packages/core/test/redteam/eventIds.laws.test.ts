import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { apply, type Command, type DomainEvent, emptyLedger, type Terms } from "../../src/domain.ts"
import { check } from "../laws/check.ts"
import {
  anyAdjust,
  anyCharge,
  anyExpire,
  anyTrip,
  CAP,
  commandOf,
  lineOf,
  PAGES,
  PERIOD_MS,
  PROBED,
} from "../laws/histories.ts"

/** As after a reload: another tier at an amount that an old one has, to the same channels and to others. */
const RELOADED: Terms = {
  ...PAGES,
  id: "b-reloaded",
  tiers: PAGES.tiers.flatMap((tier) => [tier, { ...tier, repeat: 3, notify: ["first", "log"] }]),
}

/** Of one account, so that much happens to it; every command under one of three policies. */
const anyCommand = (...later: readonly number[]) =>
  fc.tuple(
    fc.oneof(
      anyCharge.map((any) => ({ ...any, accounts: ["a"] })),
      // Often to the next level of a latch, so that it escalates, is acknowledged, and escalates again.
      fc.record({
        kind: fc.constant("charge" as const),
        accounts: fc.constant<string[]>(["a"]),
        amount: fc.constant<number>(CAP),
      }),
      fc.constant({
        kind: "acknowledge" as const,
        account: "a" as const,
        upTo: 100 as const,
        allow: null,
      }),
      anyAdjust.map((any) => ({ ...any, account: "a" as const })),
      anyTrip.map((any) => ({ ...any, account: "a" as const })),
      anyExpire,
      fc.record({
        kind: fc.constant("acknowledge" as const),
        account: fc.constant("a" as const),
        upTo: fc.constantFrom(0, 6, 12, 100),
        allow: fc.constantFrom(null, 1, 2),
      }),
    ),
    fc.constantFrom(PAGES, RELOADED, PROBED),
    fc.constantFrom(...later),
  )

type AnyCommand = ReturnType<typeof anyCommand> extends fc.Arbitrary<infer Value> ? Value : never

/** What each command raised, and whether the account was latched before it. */
const stepsOf = (history: readonly AnyCommand[]) => {
  const ledger = emptyLedger()
  let atMs = PERIOD_MS
  return history.map(([any, terms, later], at) => {
    atMs = Math.max(0, atMs + later)
    const period = Math.floor(atMs / PERIOD_MS)
    const made = commandOf({ any, atMs }, at + 1, terms)
    const command: Command =
      made.kind === "acknowledge" && "allow" in any
        ? { ...made, line: lineOf("a", period, terms), allow: any.allow }
        : made
    const wasLatched = ledger.accounts.get("b/a")?.circuit.state === "latched"
    return { events: apply(ledger, command, atMs).events, wasLatched }
  })
}

const historiesOf = (...later: readonly number[]) =>
  fc.array(anyCommand(...later), { minLength: 2, maxLength: 40 })

const onwards = historiesOf(0, 0, 1, 3, 8)
const thereAndBack = historiesOf(0, 0, 1, 3, 8, -2, -8)

/** The events whose id had come before. */
const repeatedIn = (history: readonly AnyCommand[]): readonly DomainEvent[] => {
  const known = new Set<string>()
  return stepsOf(history)
    .flatMap(({ events }) => events)
    .filter(({ id }) => known.size === known.add(id).size)
}

const isPage = (event: DomainEvent): boolean =>
  event.kind === "tier" && (event.effect === "trip" || event.effect === "latch")

describe("the id of an event", () => {
  it("is of that event alone, but for a level that is reached anew at an amount that was told", () => {
    check(onwards, (history) => {
      expect(repeatedIn(history).filter(({ kind }) => kind !== "tier")).toEqual([])
    })
  })

  it("of what an account does is of that alone, though the clock is set back", () => {
    const kinds: ReadonlySet<string> = new Set(["circuit", "escalation", "audit"])
    check(thereAndBack, (history) => {
      expect(repeatedIn(history).filter(({ kind }) => kinds.has(kind))).toEqual([])
    })
  })

  it("that is known swallows no page: who is told of what stops hears of the circuit under a new one", () => {
    const known = new Set<string>()
    let repeated = 0
    check(thereAndBack, (history) => {
      known.clear()
      for (const { events, wasLatched } of stepsOf(history)) {
        const moved = events.filter(({ kind, id }) => kind === "circuit" && !known.has(id))
        for (const event of events) {
          if (isPage(event) && known.has(event.id) && !wasLatched) {
            repeated += 1
            expect(moved).not.toEqual([])
          }
          known.add(event.id)
        }
      }
    })
    expect(repeated).toBeGreaterThan(0)
  })
})

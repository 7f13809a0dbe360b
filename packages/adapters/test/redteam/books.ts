import { AsyncLocalStorage } from "node:async_hooks"
import type { Command, Ledger } from "@spendfuse/core/domain"
import type { Applied } from "@spendfuse/core/ports"

/** What one reservation was told to hold and what ended it, kept beside the ledger. */
export interface Booked {
  readonly accounts: readonly { readonly account: string; readonly unit: Unit }[]
  readonly hold: Amounts
  readonly ends: ("settle" | "release")[]
  settled: Amounts
  /** What the upstream says of the call: its own cost, nothing, or that nobody knows. */
  expected: Amounts | "whole" | "free" | null
  /** The output limit that stood in the request, and what was granted. */
  limit: number | null
  readonly granted: number
}

type Unit = "usd" | "tokens" | "requests"
type Amounts = Readonly<Record<Unit, bigint>>
const NOTHING: Amounts = { usd: 0n, tokens: 0n, requests: 0n }

interface Call {
  current: string | null
}

/** Keeps the books of a storm: each reservation, by what the store and the upstream saw. */
export class Books {
  readonly context: AsyncLocalStorage<Call> = new AsyncLocalStorage()
  readonly booked: Map<string, Booked> = new Map()
  readonly faults: string[] = []

  readonly #caps: Readonly<Record<string, number>>

  /** @param caps by budget, in its unit */
  constructor(caps: Readonly<Record<string, number>>) {
    this.#caps = caps
  }

  applied(command: Command, { outcome }: Applied, ledger: Ledger): void {
    if (command.kind === "reserve" && outcome.kind === "reserved" && outcome.replayed !== true) {
      const { base, perUnit, lines, id } = command
      const hold = (unit: Unit) =>
        BigInt(base[unit]) + BigInt(outcome.granted) * BigInt(perUnit[unit])
      const name = `${id.source}/${id.n}`
      this.booked.set(name, {
        accounts: lines.map(({ account, terms }) => ({ account, unit: terms.unit })),
        hold: { usd: hold("usd"), tokens: hold("tokens"), requests: hold("requests") },
        ends: [],
        settled: NOTHING,
        expected: null,
        limit: null,
        granted: outcome.granted,
      })
      const call = this.context.getStore()
      if (call !== undefined) call.current = name
    }
    if (command.kind === "settle" || command.kind === "release") {
      const booked = this.booked.get(`${command.reservation.source}/${command.reservation.n}`)
      if (
        booked !== undefined &&
        (outcome.kind === "settled" || outcome.kind === "released") &&
        outcome.replayed !== true
      ) {
        booked.ends.push(command.kind)
        if (command.kind === "settle") {
          const { usd, tokens, requests } = command.actual
          booked.settled = { usd: BigInt(usd), tokens: BigInt(tokens), requests: BigInt(requests) }
        }
      }
    }
    this.#checkCaps(ledger)
  }

  /**
   * What is wrong in the end: an empty list, or each fault.
   *
   * @param forgets budgets whose periods may have been forgotten meanwhile
   */
  check(ledger: Ledger, forgets: readonly string[] = []): readonly string[] {
    const faults = [...this.faults]
    const sums = new Map<string, bigint>()
    for (const [name, one] of this.booked) {
      if (one.ends.length !== 1) faults.push(`${name} ended ${one.ends.join(", ") || "never"}`)
      if (one.expected !== null && one.limit !== one.granted)
        faults.push(`${name} was granted ${one.granted}, and sent with ${one.limit}`)
      const due =
        one.expected === "whole" ? one.hold : one.expected === "free" ? NOTHING : one.expected
      for (const { account, unit } of one.accounts) {
        if (due !== null && due[unit] !== one.settled[unit])
          faults.push(`${name} counted ${one.settled[unit]} ${unit}, due were ${due[unit]}`)
        sums.set(account, (sums.get(account) ?? 0n) + one.settled[unit])
      }
    }
    for (const [key, account] of ledger.accounts) {
      const settled = account.meters.reduce((sum, meter) => sum + BigInt(meter.settled), 0n)
      const held = account.meters.reduce((sum, meter) => sum + meter.held, 0)
      if (held !== 0) faults.push(`${key} holds ${held} in the end`)
      if (forgets.includes(key.slice(0, key.indexOf("/")))) continue
      if (settled !== (sums.get(key) ?? 0n))
        faults.push(`${key} has ${settled}, the books ${sums.get(key)}`)
    }
    return faults
  }

  #checkCaps(ledger: Ledger): void {
    for (const [key, account] of ledger.accounts) {
      const cap = this.#caps[key.slice(0, key.indexOf("/"))] ?? Number.POSITIVE_INFINITY
      for (const { settled, held } of account.meters)
        if (settled + held > cap) this.faults.push(`${key}: ${settled} + ${held} above ${cap}`)
    }
  }
}

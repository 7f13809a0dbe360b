import { type Account, type BudgetPolicy, compile, type Subject } from "@spendfuse/core/domain"
import type { StoreCheck } from "@spendfuse/core/ports"

/** Compares the terms that accounts were last used under with those of a policy. */
export class PolicyCheck {
  readonly #policy: BudgetPolicy
  readonly #nowMs: number
  readonly #strange = new Set<string>()
  #current = 0
  #differing = 0
  #example = ""

  constructor(policy: BudgetPolicy, nowMs: number) {
    this.#policy = policy
    this.#nowMs = nowMs
  }

  readonly see = (accounts: readonly Account[]): void => {
    for (const account of accounts) this.#seeOne(account)
  }

  get check(): StoreCheck {
    const name = "policy"
    if (this.#differing > 0)
      return {
        name,
        state: "warn",
        found: `${this.#differing} of ${this.#current} accounts in use have other terms, such as ${this.#example}`,
        means:
          "a host with another policy decides on them, or none has used them since the policy changed",
        mend: "bring the same policy to all hosts; the next use then takes over its terms",
      }
    if (this.#strange.size > 0)
      return {
        name,
        state: "warn",
        found: `accounts of budgets that the policy does not have: ${[...this.#strange].join(", ")}`,
        means: "a host with another policy writes them, or they are left from an older one",
        mend: "look which hosts run another policy; what is left goes with its period",
      }
    return {
      name,
      state: "ok",
      found: `${this.#current} accounts in use have its terms`,
      means: null,
      mend: null,
    }
  }

  #seeOne({ key, meters }: Account): void {
    const meter = meters.at(-1)
    const { startMs = 0, endMs = 0 } = meter?.period ?? {}
    if (meter === undefined || this.#nowMs < startMs || this.#nowMs >= endMs) return
    this.#current += 1
    const wanted = this.#termsOf(key, meter.terms.budget)
    if (wanted === undefined) this.#strange.add(JSON.stringify(meter.terms.budget))
    else if (!wanted.has(meter.terms.id)) {
      this.#differing += 1
      this.#example = JSON.stringify(key)
    }
  }

  /** What the policy's budget of that id gives this account; undefined where it has none. */
  #termsOf(key: string, id: string): ReadonlySet<string> | undefined {
    const budgets = this.#policy.budgets.filter((budget) => budget.id === id)
    if (budgets.length === 0) return undefined
    const found = budgets.flatMap(({ match: _, ...budget }) => {
      const values = valuesOf(key.slice(id.length + 1), budget.per.length)
      const subject: Subject = Object.fromEntries(
        budget.per.map((name, at) => [name, values[at] ?? ""]),
      )
      const plan = compile({ ...this.#policy, budgets: [budget] }, subject, this.#nowMs)
      return "missing" in plan ? [] : plan.lines.map(({ terms }) => terms.id)
    })
    return new Set(found)
  }
}

/** The values of an account's key: all but the last say their length before them. */
const valuesOf = (text: string, count: number): readonly string[] => {
  const values: string[] = []
  let rest = text
  while (values.length < count - 1) {
    const colon = rest.indexOf(":")
    const end = colon + 1 + Number(rest.slice(0, colon))
    values.push(rest.slice(colon + 1, end))
    rest = rest.slice(end + 1)
  }
  return [...values, rest]
}

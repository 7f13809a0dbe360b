import type { Subject } from "../../../domain/subject.ts"
import { NOTHING, type Unit } from "../../../domain/terms.ts"
import { amountText } from "../../../engine/explain/explainDecision.ts"
import type { Ruling } from "../../../lab/run.ts"
import type { Invariant } from "../moment.ts"

/**
 * While an account is latched, no call that it binds is let through. A host that has not heard of it may do so
 * while the store is silent: that is left out.
 */
export const latchedServesNothing = (): Invariant => ({
  name: "latched serves nothing",
  watch:
    () =>
    ({ ruling, run, spends }) => {
      if (ruling?.allowed !== true || spends.at(-1)?.outage !== null) return null
      for (const { account, terms } of ruling.plan.lines) {
        const circuit = run.accountOf(account)?.circuit
        if (circuit?.state === "latched" && !terms.observe && !circuit.observed)
          return `a call was let through while ${account} is latched`
      }
      return null
    },
})

/** Whose calls must not suffer from whose. */
export interface NoStarvation {
  readonly of: Subject
  readonly by: Subject
}

/**
 * Whatever the one spends, the other gets what it would get alone: each of its calls that a story without the
 * one's calls lets through, is let through.
 *
 * @example noStarvation({ of: { apiKey: "apiKey-2" }, by: { apiKey: "apiKey-1" } })
 */
export const noStarvation = ({ of, by }: NoStarvation): Invariant => ({
  name: `${textOf(of)} is not starved by ${textOf(by)}`,
  about: { dimensions: [...Object.keys(of), ...Object.keys(by)] },
  without: (call) => isOf(call.subject, by),
  watch:
    () =>
    ({ step, ruling, twin }) => {
      if (step.kind !== "call" || !isOf(step.subject, of) || ruling === null || twin === null)
        return null
      if (ruling.allowed || !twin.allowed) return null
      return `${textOf(of)} is refused (${reasonText(ruling)}), and would be served without ${textOf(by)}`
    },
})

/** How much must be there after a person has let everything go on. */
export interface Resumes {
  readonly unit: Unit
  /** In the unit; the smallest amount unless given. */
  readonly amount?: number
}

/**
 * Once a person has acknowledged all that refuses a subject, traffic resumes: so much more is let through
 * before anyone must be asked again.
 */
export const resumesAfterAcknowledgement = ({ unit, amount = 1 }: Resumes): Invariant => ({
  name: "traffic resumes after an acknowledgement",
  watch: () => {
    let isBySteps = false
    return ({ step, outcome, run, policy }) => {
      if (step.kind !== "acknowledge" || outcome?.kind !== "acknowledged") return null
      // Whoever allows a small step has said how much more there is.
      if (step.allow !== null) isBySteps = true
      if (isBySteps) return null
      const probe = run.fork()
      for (const { id } of policy.budgets) {
        const line = probe.lineOf(id, step.subject)
        if (line !== null) probe.acknowledge(line, { by: "the probe", why: "all of it is seen" })
      }
      const amounts = { ...NOTHING, [unit]: amount }
      const ruling = probe.reserve({ subject: step.subject, amounts })
      if (ruling.allowed || ruling.reason === "switched-off" || ruling.reason === "busy")
        return null
      return `all is acknowledged, and ${amountText(amount, unit)} more is refused (${reasonText(ruling)})`
    }
  },
})

const isOf = (subject: Subject, part: Subject): boolean =>
  Object.entries(part).every(([name, value]) => subject[name] === value)

const textOf = (subject: Subject): string =>
  Object.entries(subject)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ")

const reasonText = (ruling: Ruling): string => {
  if (ruling.allowed) return ""
  const accounts = ruling.obstacles.map((one) => (one.kind === "line" ? one.account : one.switch))
  return `${ruling.reason} by ${accounts.join(", ")}`
}

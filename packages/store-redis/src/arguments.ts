import { type Command, fingerprintOf } from "@spendfuse/core/domain"
import { encodeText, termsToWire, toWire } from "@spendfuse/core/wire"
import type { Call } from "./client.ts"
import type { StepContext } from "./steps.ts"

/**
 * A command as the step's script takes it: amounts are decimal strings, texts encoded, terms named by
 * their id. The keys are what the keys of its divisions begin with; all lie in one slot of a Cluster.
 */
export const argumentsOf = (
  command: Command,
  context: StepContext,
): Pick<Call, "keys" | "args"> => {
  const { base, shared, terms, nowMs, history, eventsKept, auditKept } = context
  const divisions = divisionsOf(command)
  const bodies = terms.flatMap((one) => [encodeText(one.id), JSON.stringify(termsToWire(one))])
  return {
    keys: [base(command.division), shared, ...divisions.map(base)],
    args: [
      nowMs === undefined ? "" : String(nowMs),
      history ? "1" : "",
      String(eventsKept),
      String(auditKept),
      JSON.stringify(toWire(command).command),
      fingerprintOf(command),
      JSON.stringify(divisions.map(encodeText)),
      ...bodies,
    ],
  }
}

/** The divisions of its lines, each once. */
const divisionsOf = (command: Command): readonly string[] => {
  if ("lines" in command) return [...new Set(command.lines.map(({ division }) => division))]
  return "line" in command && command.line !== null ? [command.line.division] : []
}

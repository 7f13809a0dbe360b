import type { Policy } from "../../domain/policy.ts"
import { PLATFORM } from "../../domain/subject.ts"
import { shown, under } from "../problem.ts"
import type { Fleet } from "./fleet.ts"
import type { FleetReader } from "./fleetReader.ts"

/** Says where an actor's calls would all be refused by the policy, whatever is spent: that is a slip of the file. */
export const checkActors = (
  reader: FleetReader,
  fleet: Pick<Fleet, "actors">,
  policy: Policy,
): void => {
  checkBounds(reader, fleet, policy)
  checkPayers(reader, fleet, policy)
}

/** A call that nothing bounds is refused as a whole: it has no worst case. */
const checkBounds = (
  reader: FleetReader,
  { actors }: Pick<Fleet, "actors">,
  { maxOutputTokens }: Policy,
): void => {
  if (maxOutputTokens !== null) return
  for (const [at, { limit, model }] of actors.entries())
    if (limit === null && model.maxOutput === null)
      reader.problem(
        under(under("actors", at), "limit"),
        "is missing, and nothing else bounds the output; add it, or `maxOutput` of the model, or `maxOutputTokens` of the policy",
      )
}

/** An actor that lacks what a budget counts by is refused every call: that is a slip of the file. */
const checkPayers = (
  reader: FleetReader,
  { actors }: Pick<Fleet, "actors">,
  { budgets }: Policy,
): void => {
  for (const [at, { subject }] of actors.entries())
    for (const { id, per, whenMissing, match } of budgets) {
      if (whenMissing === "skip" || match !== undefined) continue
      for (const name of per)
        if (name !== PLATFORM && !Object.hasOwn(subject, name))
          reader.problem(
            under(under("actors", at), "subject"),
            `lacks ${shown(name)}, which budget ${shown(id)} counts by: every call would be refused; name it, or give the budget "whenMissing": "skip"`,
          )
    }
}

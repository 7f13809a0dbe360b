import type { Line } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import { ATTEMPTS_MAX } from "./asked.ts"
import type { HeldBy } from "./heldBy.ts"
import type { Numbered, Unsent } from "./send.ts"

/** A store's answer; null where it gave none within the deadline. */
export type Answer = Outcome | null

/** A hold as its commands see it. */
export interface Holding {
  readonly lines: readonly Line[]
  /** A final settle was sent, and nobody knows what became of it. */
  isMaybeSettled: boolean
}

/** One command of a hold on its way: who sends it, whose it is, and how often it was tried. */
interface Sending {
  readonly engine: HeldBy
  readonly holding: Holding
  readonly unsent: Unsent
  readonly tries: number
}

/** Its answer, or null where the store did not give one: then what ends the hold is sent until it does. */
export const sendFor = (
  engine: HeldBy,
  holding: Holding,
  unsent: Unsent,
  tries = 1,
): Answer | Promise<Answer> => {
  const { sender } = engine
  let numbered: Numbered | null = null
  try {
    const head = sender.take(unsent.division)
    if (head === null) return sendLater({ engine, holding, unsent, tries })
    numbered = sender.numbered({ ...unsent, ...head })
    const outcome = sender.send(numbered)
    if (!(outcome instanceof Promise)) {
      engine.circuit.answered()
      if (outcome.kind !== "error") return outcome
      return answered({ engine, holding, unsent, tries }, numbered, outcome)
    }
    const sent = numbered
    const sending = { engine, holding, unsent, tries }
    return outcome.then(
      (answer) => {
        engine.circuit.answered()
        return answered(sending, sent, answer)
      },
      (error: unknown) => unanswered(sending, sent, error),
    )
  } catch (error) {
    return unanswered({ engine, holding, unsent, tries }, numbered, error)
  }
}

const sendLater = async ({ engine, holding, unsent, tries }: Sending): Promise<Answer> => {
  await engine.sender.room(unsent.division)
  return sendFor(engine, holding, unsent, tries)
}

const answered = (
  { engine, holding, unsent, tries }: Sending,
  numbered: Numbered,
  outcome: Outcome,
): Answer | Promise<Answer> => {
  const { id, division } = numbered.command
  if (!engine.sender.isRenamed(outcome, id, division) || tries >= ATTEMPTS_MAX) return outcome
  if (outcome.kind === "error" && outcome.error !== "unknown-source") holding.isMaybeSettled = true
  return sendFor(engine, holding, unsent, tries + 1)
}

const unanswered = (
  { engine, holding, unsent }: Sending,
  numbered: Numbered | null,
  error: unknown,
): null => {
  const { sender, circuit, posts } = engine
  const isEnd = unsent.kind === "release" || (unsent.kind === "settle" && unsent.final)
  if ((error as { _tag?: unknown })._tag !== "StoreUnavailable") {
    if (numbered !== null) sender.abandon(numbered)
    if (isEnd) holding.isMaybeSettled = true
    throw error
  }
  circuit.failed()
  const { lines } = holding
  if (isEnd) posts.post({ unsent, numbered, reserve: null, lines, goesFirst: false })
  else if (numbered !== null) sender.abandon(numbered)
  return null
}

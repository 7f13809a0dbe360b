import { type Command, formProblemOf, SHARED_DIVISION } from "@spendfuse/core/domain"
import { type Applied, STORE_BATCH_MAX } from "@spendfuse/core/ports"
import type { Divisions } from "./divisions.ts"
import { type Objects, Unlisted } from "./objects.ts"
import { SendingLines } from "./sentLines.ts"

interface ApplierOptions {
  readonly objects: Objects
  readonly divisions: Divisions
  readonly nowMs: (() => number) | undefined
  readonly history: boolean
}

/** A command and its place in its batch. */
type Placed = readonly [at: number, command: Command]

/** Brings commands to the objects of their divisions: in order within one, at once to all. */
export class Applier {
  readonly #options: ApplierOptions
  readonly #lines = new SendingLines()

  constructor(options: ApplierOptions) {
    this.#options = options
  }

  /** @throws StoreUnavailable; StoreCorrupt; RangeError for a batch of another size, or lines of another division */
  async apply(
    commands: readonly Command[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Applied[]> {
    assertBatch(commands)
    const answers: Applied[] = []
    const groups = new Map<string, Placed[]>()
    for (const placed of this.#meant(commands, answers)) {
      const { division } = placed[1]
      const group = groups.get(division)
      if (group === undefined) groups.set(division, [placed])
      else group.push(placed)
    }
    await Promise.all(
      [...groups].map(([division, group]) => this.#send(division, group, answers, signal)),
    )
    if (hasTurned(commands, answers)) await this.#options.divisions.spread(signal)
    return answers
  }

  /** Those that can be meant; the others are answered here, for they may hold what cannot be written down. */
  #meant(commands: readonly Command[], answers: Applied[]): readonly Placed[] {
    return [...commands.entries()].filter(([at, command]) => {
      const detail = formProblemOf(command)
      if (detail === null) return true
      const storeTimeMs = this.#options.nowMs?.() ?? Date.now()
      const outcome = { kind: "error", error: "invalid-command", detail } as const
      answers[at] = { outcome, eventsWritten: 0, storeTimeMs }
      return false
    })
  }

  async #send(
    division: string,
    group: readonly Placed[],
    answers: Applied[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { objects, divisions, history } = this.#options
    const sent = group.map(([, command]) => this.#lines.sent(command))
    const ask = (): Promise<readonly Applied[]> => objects.ask(division, "apply", [sent], signal)
    const applied = await ask().catch(async (error: unknown) => {
      if (!(error instanceof Unlisted)) throw error
      await divisions.list(division, signal)
      return ask()
    })
    for (const [place, [at]] of group.entries()) {
      const { rank, ...rest } = applied[place] as Applied
      answers[at] = history && rank !== undefined ? { ...rest, rank } : rest
    }
  }
}

/** Whether a switch of `*` was turned; also one that was turned before and is answered again. */
const hasTurned = (commands: readonly Command[], applied: readonly Applied[]): boolean =>
  commands.some(
    ({ kind, division }, at) =>
      kind === "switch" && division === SHARED_DIVISION && applied[at]?.outcome.kind === "switched",
  )

const assertBatch = ({ length }: readonly Command[]): void => {
  if (length < 1 || length > STORE_BATCH_MAX)
    throw new RangeError(`${length} commands; from 1 to ${STORE_BATCH_MAX} at once`)
}

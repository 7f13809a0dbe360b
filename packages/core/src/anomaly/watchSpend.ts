import type { Line } from "../domain/command.ts"
import type { Subject } from "../domain/subject.ts"
import { budgetOf } from "../domain/subject.ts"
import { RequestFailed } from "../engine/errors.ts"
import type { Spendfuse } from "../host/createSpendfuse.ts"
import { wrapSpendfuse } from "../host/wrapped.ts"
import type { Notifier } from "../ports/Notifier.ts"
import { type Anomaly, AnomalyDetector, type Spent } from "./detector.ts"
import type { AnomalyOptions } from "./options.ts"
import { anomalyEvent, anomalyText } from "./told.ts"
import { WatchedCall } from "./watchedCall.ts"

/** What is watched, and who hears of it. */
export interface WatchOptions extends AnomalyOptions {
  /** The budgets whose accounts are watched, by id; absent: all of them. */
  readonly budgets?: readonly string[]
  /** Hears each anomaly, raised and over. */
  readonly onAnomaly?: (anomaly: Anomaly) => void
  /** Brings them to people, each once: nothing tries again what it could not deliver. */
  readonly notifier?: Notifier
  /** Stops the account by the operator's hand, the figures as the reason. Several hosts that see it trip it once. */
  readonly trip?: { readonly coolDownMs: number; readonly by?: string }
  /** Hears what failed: a delivery, a trip, a hook that threw. Default: nobody. */
  readonly onProblem?: (message: string) => void
  /** For tests: epoch milliseconds. */
  readonly nowMs?: () => number
}

/**
 * The same Spendfuse, with what its calls settle watched for spend that is unlike the account's own. It
 * stands beside the decision: no call is refused or waits by it, unless `trip` stops the account.
 *
 * It sees what this process settles. Holds that expired by themselves are not settled by anyone, and calls
 * that were admitted before it are not seen. What it has learned is gone with the process.
 *
 * @throws RangeError where an option is not what it should be
 * @example
 * const watched = watchSpend(spendfuse, { notifier, trip: { coolDownMs: 900_000 } })
 */
export const watchSpend = (spendfuse: Spendfuse, options: WatchOptions): Spendfuse => {
  const watcher = new Watcher(spendfuse, options)
  return wrapSpendfuse(spendfuse, {
    reserve: async (request) => {
      const decision = await spendfuse.reserve(request)
      if (!decision.allowed) return decision
      return new WatchedCall(decision, (call, amounts) => {
        for (const line of call.lines)
          watcher.spent(line, call.request.subject, amounts[line.terms.unit])
      })
    },
  })
}

/** Feeds the detector, and tells what it finds. Nothing that fails here reaches the call that was settled. */
class Watcher {
  readonly #spendfuse: Spendfuse
  readonly #options: WatchOptions
  readonly #detector: AnomalyDetector
  readonly #nowMs: () => number
  #lookedAtMs = 0

  constructor(spendfuse: Spendfuse, options: WatchOptions) {
    this.#spendfuse = spendfuse
    this.#options = options
    this.#detector = new AnomalyDetector(options)
    this.#nowMs = options.nowMs ?? Date.now
  }

  spent(line: Line, subject: Subject, amount: number): void {
    const { budgets } = this.#options
    if (amount === 0 || budgets?.includes(line.terms.budget) === false) return
    const found = this.#detector.spend(spentOf(line, amount, this.#nowMs()))
    for (const anomaly of found) this.#tell(anomaly, subject)
    this.#lookAtOthers(subject)
  }

  /** What is over is told by whoever spends next, at most once in a minute. */
  #lookAtOthers(subject: Subject): void {
    const nowMs = this.#nowMs()
    if (nowMs - this.#lookedAtMs < LOOK_MS) return
    this.#lookedAtMs = nowMs
    for (const anomaly of this.#detector.look(nowMs)) this.#tell(anomaly, subject)
  }

  #tell(anomaly: Anomaly, subject: Subject): void {
    const { onAnomaly, notifier, trip, onProblem } = this.#options
    const problem =
      (doing: string) =>
      (error: unknown): void =>
        onProblem?.(
          `${doing} \`${anomaly.account}\`: ${error instanceof Error ? error.name : "failed"}`,
        )
    try {
      onAnomaly?.(anomaly)
    } catch (error) {
      problem("the hook for")(error)
    }
    if (notifier !== undefined)
      deliver(notifier, anomaly).catch(problem(`\`${notifier.name}\` was not told of`))
    if (trip === undefined || anomaly.state === "over") return
    const account = { budget: budgetOf(anomaly.account), subject }
    this.#spendfuse.operator
      .trip(account, {
        by: trip.by ?? "anomaly guard",
        why: anomalyText(anomaly),
        id: `anomaly/${anomaly.account}/${anomaly.sinceMs}`,
        coolDownMs: trip.coolDownMs,
      })
      .catch((error: unknown) => {
        if (!isTripped(error)) problem("no trip of")(error)
      })
  }
}

/** Another rule or another host was first: the trip of this account and bucket is done. */
const isTripped = (error: unknown): boolean =>
  error instanceof RequestFailed && error.error === "conflict"

const deliver = async (notifier: Notifier, anomaly: Anomaly): Promise<void> => {
  const event = anomalyEvent(anomaly, notifier.name)
  const delivery = { channel: notifier.name, attempts: 0, createdAtMs: anomaly.atMs }
  await notifier.deliver([event], AbortSignal.timeout(DELIVER_MS), delivery)
}

const spentOf = ({ account, period, terms }: Line, amount: number, atMs: number): Spent => {
  const { unit, limit, slidingMs, idleMs } = terms
  const spent = { account, atMs, amount, unit }
  if (idleMs > 0) return spent
  const periodMs = slidingMs > 0 ? slidingMs : period.endMs - period.startMs
  return { ...spent, budget: { limit, periodMs } }
}

const LOOK_MS = 60_000
const DELIVER_MS = 30_000

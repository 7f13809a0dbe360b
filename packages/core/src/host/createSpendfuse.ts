import type { Policy } from "../domain/policy.ts"
import type { Subject } from "../domain/subject.ts"
import { policyChanges } from "../edge/policyWarnings.ts"
import { STORE_DEADLINE_MS } from "../engine/asked.ts"
import type { Admitted, Decision } from "../engine/decision.ts"
import { Dispatcher } from "../engine/dispatch/dispatcher.ts"
import { Engine, type EngineOptions } from "../engine/engine.ts"
import { explain } from "../engine/explain/explainDecision.ts"
import { type AccountOf, Operator } from "../engine/operator.ts"
import type { CallRequest, Settlement } from "../engine/request.ts"
import { Sweeper } from "../engine/sweeper.ts"
import { withinOf } from "../engine/within.ts"
import { checkedPolicy, noticesAtStart, withLimits } from "./atStart.ts"
import { type Guarded, type GuardOptions, guard } from "./guard.ts"
import { heardBy } from "./heard.ts"
import type { SpendfuseOptions } from "./options.ts"
import { type Remaining, viewed } from "./views.ts"

export type { SpendfuseOptions } from "./options.ts"
export type { Remaining } from "./views.ts"

/** A fuse for AI spend. */
export interface Spendfuse extends AsyncDisposable {
  /** Decides before a call: a hold on every budget it touches, or a refusal. */
  readonly reserve: (request: CallRequest) => Promise<Decision>
  /**
   * Admits a call within a hold that was made before it, such as one that was kept for a last answer: its output
   * shrinks to what is held there. It is judged by no circuit or switch anew. Its settle ends that hold, its
   * release leaves it for another call; there is one at a time.
   *
   * @throws RequestFailed where the request is at fault
   */
  readonly reserveWithin: (held: Admitted, request: CallRequest) => Decision
  /** Reserve, call, settle: exactly one settle or release. */
  readonly guard: <Value>(
    request: CallRequest,
    call: (granted: Admitted) => Promise<{ readonly value: Value } & Settlement>,
    options?: GuardOptions,
  ) => Promise<Guarded<Value>>
  /** What is left of each budget that binds the subject. */
  readonly remaining: (
    subject: Subject,
    call?: { readonly model?: string; readonly provider?: string },
  ) => Promise<readonly Remaining[]>
  /** One account as judged now. */
  readonly account: (account: AccountOf) => Promise<Remaining>
  /** A decision in plain words. */
  readonly explain: (decision: Decision) => string
  /** Acknowledge, trip, switch, adjust, expire. A command that changes nothing by a fault rejects. */
  readonly operator: Operator
  /** The policy from here on; reservations that run keep their terms. What it forgets is told as a warning. */
  readonly reload: (policy: Policy) => void
  readonly policy: Policy
  /** Delivers what is due in the outbox, and resolves when nothing more is. */
  readonly flush: () => Promise<void>
  /**
   * Turns waiting callers away, posts what is left (or tells it as `unposted`), delivers what is due, and
   * closes the store. Running holds expire in the store, and count as spent.
   */
  readonly close: () => Promise<void>
}

/**
 * Puts a policy, a store, prices and notifiers together. What start-up finds worth knowing goes to
 * `onNotice`, as warnings and notes.
 *
 * @throws PolicyInvalid where a channel of the policy has no notifier, or the store needs a lease that a
 *   budget lacks; RequestFailed where the policy and its rules do not go together
 */
export const createSpendfuse = (given: SpendfuseOptions): Spendfuse => {
  const options = { ...given, policy: checkedPolicy(given.policy, given) }
  const { store } = options
  let { policy } = options
  const nowMs = options.nowMs ?? Date.now
  const random = options.random ?? Math.random
  const onNotice = heardBy(options.onNotice)
  noticesAtStart(options, nowMs()).forEach(onNotice)
  const dispatcher = new Dispatcher({
    store,
    notifiers: options.notifiers ?? {},
    onEvent: options.onEvent,
    onNotice,
    nowMs,
    random,
  })
  const onEvents = (count: number): void => {
    sweeper.wrote(count)
    queueMicrotask(() => dispatcher.wake())
  }
  const engine = engineOf(options, { nowMs, random, onNotice, onEvents })
  const operator = new Operator(engine, options.authenticated)
  const sweeper = sweeperOf(engine, operator)
  sweeper.start()
  dispatcher.start()
  const stopListening = store.listen?.(() => dispatcher.wake())
  let closing: Promise<void> | null = null
  const close = (): Promise<void> => {
    sweeper.stop()
    stopListening?.()
    closing ??= engine
      .close()
      .then(() => dispatcher.close())
      .then(() => store.close())
    return closing
  }
  return {
    reserve: (request) => engine.reserve(request),
    reserveWithin: withinOf(engine),
    guard: (request, call, how = {}) => guard(engine, request, call, how),
    remaining: async (subject, call = {}) => {
      engine.assertOpen()
      return viewed(engine, engine.planOf({ subject, ...call }).lines)
    },
    account: async (account) => {
      engine.assertOpen()
      const [view] = await viewed(engine, [operator.lineOf(account)])
      return view as Remaining
    },
    explain,
    operator,
    reload: (written) => {
      const next = checkedPolicy(written, options)
      for (const message of policyChanges(policy, next)) onNotice({ kind: "warning", message })
      noticesAtStart({ ...options, policy: next }, nowMs()).forEach(onNotice)
      policy = next
      engine.policy = withLimits(next, options.limitFor)
      engine.refusals.clear()
    },
    get policy() {
      return policy
    },
    flush: async () => {
      engine.assertOpen()
      await dispatcher.drain()
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const engineOf = (
  options: SpendfuseOptions,
  given: Pick<EngineOptions, "nowMs" | "random" | "onNotice" | "onEvents">,
): Engine =>
  new Engine({
    policy: withLimits(options.policy, options.limitFor),
    store: options.store,
    prices: options.prices,
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    newSource: () => crypto.randomUUID(),
    storeDeadlineMs: options.storeDeadlineMs ?? STORE_DEADLINE_MS,
    waitMs: options.waitMs ?? 10_000,
    maxHoldMs: options.maxHoldMs ?? 3_600_000,
    rememberRefusals: options.rememberRefusals ?? true,
    exactTime: options.nowMs !== undefined,
    ...given,
  })

const sweeperOf = (engine: Engine, operator: Operator): Sweeper =>
  new Sweeper({
    store: engine.options.store,
    known: () => engine.sender.divisions,
    isDivided: () => engine.policy.partitionBy !== undefined,
    expire: (division) => operator.expire(division),
    monotonicMs: engine.options.monotonicMs,
  })

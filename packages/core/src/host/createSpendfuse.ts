import type { DomainEvent } from "../domain/event.ts"
import type { Policy } from "../domain/policy.ts"
import type { Subject } from "../domain/subject.ts"
import type { Unit } from "../domain/terms.ts"
import { type View, viewOf } from "../domain/view.ts"
import { channelsOf } from "../edge/policy.ts"
import type { Admitted, Decision } from "../engine/decision.ts"
import { Dispatcher } from "../engine/dispatcher.ts"
import { Engine } from "../engine/engine.ts"
import { SpendfuseClosed } from "../engine/errors.ts"
import { explain } from "../engine/explain.ts"
import type { Notice } from "../engine/notice.ts"
import { type AccountOf, Operator } from "../engine/operator.ts"
import type { CallRequest, Settlement } from "../engine/request.ts"
import { unref } from "../engine/unavailable.ts"
import type { Notifier } from "../ports/Notifier.ts"
import type { Prices } from "../ports/Prices.ts"
import type { Store } from "../ports/Store.ts"
import { type Guarded, type GuardOptions, guard } from "./guard.ts"

export interface SpendfuseOptions {
  readonly policy: Policy
  readonly store: Store
  /** Default: none, and requests give `amounts` themselves. `libraryPrices()` of `@spendfuse/core/prices` knows most models. */
  readonly prices?: Prices
  /** Who hears the policy's channels, by name. A channel that nobody provides is an error at start. */
  readonly notifiers?: Readonly<Record<string, Notifier>>
  /** Every event, once per process that listens, oldest first. */
  readonly onEvent?: (event: DomainEvent) => void
  /** What an operator should know. Default: warnings to the console. */
  readonly onNotice?: (notice: Notice) => void
  /** The store must answer within this; 2,000 ms unless given. */
  readonly storeDeadlineMs?: number
  /** How long a request waits where the budget is only `busy`; 10,000 ms unless given. */
  readonly waitMs?: number
  /** Remember refusals for up to a second, so that a retry storm costs the store nothing; true unless given. */
  readonly rememberRefusals?: boolean
  /** For tests: wall clock, monotonic clock (epoch and plain milliseconds), randomness in [0, 1). */
  readonly nowMs?: () => number
  readonly monotonicMs?: () => number
  readonly random?: () => number
}

/** What is left of one budget for a subject; amounts in its unit. */
export interface Remaining extends View {
  readonly budget: string
  readonly account: string
  readonly unit: Unit
}

/** A fuse for AI spend. */
export interface Spendfuse extends AsyncDisposable {
  /** Decides before a call: a hold on every budget it touches, or a refusal. */
  readonly reserve: (request: CallRequest) => Promise<Decision>
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
  /** Acknowledge, trip, switch, adjust, expire. */
  readonly operator: Operator
  /** The policy from here on; reservations that run keep their terms. */
  readonly reload: (policy: Policy) => void
  readonly policy: Policy
  /** Delivers what is due in the outbox, and resolves when nothing more is. */
  readonly flush: () => Promise<void>
  /** Posts what is left, delivers what is due, and closes the store. */
  readonly close: () => Promise<void>
}

/**
 * Puts a policy, a store, prices and notifiers together.
 *
 * @throws Error where a channel of the policy has no notifier
 */
export const createSpendfuse = (options: SpendfuseOptions): Spendfuse => {
  const { store } = options
  const nowMs = options.nowMs ?? Date.now
  const random = options.random ?? Math.random
  const onNotice = options.onNotice ?? warn
  checkChannels(options.policy, options.notifiers)
  const dispatcher = new Dispatcher({
    store,
    notifiers: options.notifiers ?? {},
    onEvent: options.onEvent,
    onNotice,
    nowMs,
    random,
  })
  const engine = new Engine({
    policy: options.policy,
    store,
    prices: options.prices,
    nowMs,
    monotonicMs: options.monotonicMs ?? (() => performance.now()),
    random,
    newSource: () => crypto.randomUUID(),
    storeDeadlineMs: options.storeDeadlineMs ?? 2_000,
    waitMs: options.waitMs ?? 10_000,
    rememberRefusals: options.rememberRefusals ?? true,
    onNotice,
    onEvents: () => queueMicrotask(() => dispatcher.wake()),
  })
  const operator = new Operator(engine)
  const sweep = setInterval(() => void operator.expire().catch(() => undefined), SWEEP_EACH_MS)
  unref(sweep)
  dispatcher.start()
  let closing: Promise<void> | null = null
  const close = async (): Promise<void> => {
    clearInterval(sweep)
    await engine.close()
    await dispatcher.close()
    await store.close()
  }
  return {
    reserve: (request) => engine.reserve(request),
    guard: (request, call, how = {}) => guard(engine, request, call, how),
    remaining: (subject, call = {}) => remaining(engine, subject, call),
    account: (account) => {
      const line = operator.lineOf(account)
      return viewed(engine, [line]).then(([view]) => view as Remaining)
    },
    explain,
    operator,
    reload: (policy) => {
      checkChannels(policy, options.notifiers)
      engine.policy = policy
      engine.refusals.clear()
    },
    get policy() {
      return engine.policy
    },
    flush: () => {
      if (closing !== null) throw new SpendfuseClosed()
      return dispatcher.drain()
    },
    close: () => {
      closing ??= close()
      return closing
    },
    [Symbol.asyncDispose]: () => {
      closing ??= close()
      return closing
    },
  }
}

const SWEEP_EACH_MS = 10_000

const remaining = (
  engine: Engine,
  subject: Subject,
  call: { readonly model?: string; readonly provider?: string },
): Promise<readonly Remaining[]> =>
  viewed(engine, engine.planOf({ subject, ...call }, engine.sender.issuedAtMs()).lines)

const viewed = async (
  engine: Engine,
  lines: ReturnType<Engine["planOf"]>["lines"],
): Promise<readonly Remaining[]> => {
  const records = await engine.options.store.read(lines.map(({ account }) => account))
  return lines.map((line, at) => {
    const record = records[at]
    const atMs = record?.storeTimeMs ?? engine.sender.issuedAtMs()
    return {
      ...viewOf(record?.account ?? null, line, atMs),
      budget: line.terms.budget,
      account: line.account,
      unit: line.terms.unit,
    }
  })
}

const checkChannels = (
  policy: Policy,
  notifiers: Readonly<Record<string, Notifier>> | undefined,
): void => {
  const missing = channelsOf(policy).filter((name) => !Object.hasOwn(notifiers ?? {}, name))
  if (missing.length === 0) return
  const names = missing.map((name) => `\`${name}\``).join(", ")
  throw new Error(
    `no notifier is given for channel ${names} of the policy; add it to \`notifiers\`, e.g. consoleNotifier()`,
  )
}

const warn = (notice: Notice): void => console.warn(`[spendfuse] ${notice.message}`)

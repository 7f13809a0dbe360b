import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { Subject } from "../domain/subject.ts"
import { PolicyInvalid } from "../edge/problem.ts"
import type { Admitted, Decision, Settled } from "../engine/decision.ts"
import { RequestFailed, SpendfuseClosed } from "../engine/errors.ts"
import type { CallRequest, Settlement } from "../engine/request.ts"
import { StoreCorrupt, StoreUnavailable } from "../ports/errors.ts"
import type { Notifier } from "../ports/Notifier.ts"
import type { Prices as PricesPort } from "../ports/Prices.ts"
import type { Store as StorePort } from "../ports/Store.ts"
import { createSpendfuse, type Spendfuse as Facade, type Remaining } from "./createSpendfuse.ts"
import { type Guarded, type GuardOptions, isFreeOf } from "./guard.ts"
import type { SpendfuseOptions } from "./options.ts"

/** Keeps the ledger; a plain interface with Promises. */
export type Store = StorePort
export const Store: Context.Service<Store, Store> = Context.Service("@spendfuse/core/Store")

/** What calls cost. Without it, requests give `amounts` themselves. */
export type Prices = PricesPort
export const Prices: Context.Service<Prices, Prices> = Context.Service("@spendfuse/core/Prices")

/** Who hears the policy's channels, by name. */
export type Notifiers = Readonly<Record<string, Notifier>>
export const Notifiers: Context.Service<Notifiers, Notifiers> = Context.Service(
  "@spendfuse/core/Notifiers",
)

/** What can go wrong beside a refusal, which is a value. Each has its `_tag`. */
export type Fault = RequestFailed | SpendfuseClosed | StoreUnavailable | StoreCorrupt

/** A fuse for AI spend, as Effects. */
export interface Spendfuse {
  /** Decides before a call. Interrupted, it holds nothing: what was admitted meanwhile is released. */
  readonly reserve: (request: CallRequest) => Effect.Effect<Decision, Fault>
  /** Replaces the hold by the cost. Not interruptible. */
  readonly settle: (decision: Admitted, settlement: Settlement) => Effect.Effect<Settled, Fault>
  /** The call did not happen, and is proven free. Not interruptible. */
  readonly release: (decision: Admitted) => Effect.Effect<void, Fault>
  /**
   * Reserve, call, settle: exactly one settle or release. A call that fails or is interrupted counts its
   * whole hold, unless `isFree` says of its error that it cost nothing.
   */
  readonly guard: <Value, E, R>(
    request: CallRequest,
    call: (granted: Admitted) => Effect.Effect<{ readonly value: Value } & Settlement, E, R>,
    options?: GuardOptions,
  ) => Effect.Effect<Guarded<Value>, E | Fault, R>
  /** What is left of each budget that binds the subject. */
  readonly remaining: (
    subject: Subject,
    call?: { readonly model?: string; readonly provider?: string },
  ) => Effect.Effect<readonly Remaining[], Fault>
  /** The same with Promises, with the operator's commands and all the rest. */
  readonly promises: Facade
}
export const Spendfuse: Context.Service<Spendfuse, Spendfuse> = Context.Service(
  "@spendfuse/core/Spendfuse",
)

/** What a host decides; store, prices and notifiers come from the context. */
export interface LayerOptions
  extends Omit<SpendfuseOptions, "store" | "prices" | "notifiers" | "monotonicMs"> {
  /** A span for each of `reserve`, `settle`, `release`, `guard`; false unless given, for one costs more than a decision. */
  readonly traced?: boolean
}

/**
 * Spendfuse over a store; `Prices` and `Notifiers` are taken where the context has them. Time comes from
 * Effect's `Clock`. It is closed with the layer's scope.
 */
export const layer = (options: LayerOptions): Layer.Layer<Spendfuse, PolicyInvalid, Store> =>
  Layer.effect(
    Spendfuse,
    Effect.gen(function* () {
      const store = yield* Store
      const prices = Option.getOrUndefined(yield* Effect.serviceOption(Prices))
      const notifiers = Option.getOrUndefined(yield* Effect.serviceOption(Notifiers))
      const clock = yield* Clock.Clock
      const { traced = false, ...given } = options
      const facade = yield* Effect.acquireRelease(
        Effect.try({
          try: () =>
            createSpendfuse({
              nowMs: () => clock.currentTimeMillisUnsafe(),
              ...given,
              store,
              ...(prices !== undefined && { prices }),
              ...(notifiers !== undefined && { notifiers }),
            }),
          catch: (error) => invalidOr(error),
        }),
        (opened) => Effect.promise(() => opened.close()),
      )
      return effectsOf(facade, traced)
    }),
  )

/** A store that is there already. */
export const layerStore = (store: Store): Layer.Layer<Store> => Layer.succeed(Store, store)

/** Prices that are there already. */
export const layerPrices = (prices: Prices): Layer.Layer<Prices> => Layer.succeed(Prices, prices)

/** Notifiers by the names of their channels. */
export const layerNotifiers = (notifiers: Notifiers): Layer.Layer<Notifiers> =>
  Layer.succeed(Notifiers, notifiers)

const effectsOf = (facade: Facade, traced: boolean): Spendfuse => {
  const span =
    (name: string) =>
    <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
      traced ? (Effect.withSpan(effect, `spendfuse.${name}`) as Effect.Effect<A, E, R>) : effect
  const reserve = (request: CallRequest) => span("reserve")(reserving(facade, request))
  const ending = <A>(name: string, end: () => Promise<A>): Effect.Effect<A, Fault> =>
    span(name)(Effect.uninterruptible(attempted(end)))
  const settle = (decision: Admitted, settlement: Settlement) =>
    ending("settle", () => decision.settle(settlement))
  const release = (decision: Admitted) => ending("release", () => decision.release())
  return {
    reserve,
    settle,
    release,
    guard: (request, call, options = {}) =>
      span("guard")(
        Effect.uninterruptibleMask((restore) =>
          Effect.flatMap(restore(reserve(request)), (decision) =>
            decision.allowed
              ? ended(decision, restore(call(decision)), { settle, isFree: isFreeOf(options) })
              : Effect.succeed(decision),
          ),
        ),
      ),
    remaining: (subject, call) => attempted(() => facade.remaining(subject, call)),
    promises: facade,
  }
}

/** An interruption aborts what is under way, and gives back what was admitted all the same. */
const reserving = (facade: Facade, request: CallRequest): Effect.Effect<Decision, Fault> =>
  Effect.suspend(() => {
    const stop = new AbortController()
    const { signal: given } = request
    const signal = given === undefined ? stop.signal : AbortSignal.any([given, stop.signal])
    let pending: Promise<Decision> | undefined
    const asking = attempted(() => {
      pending = facade.reserve({ ...request, signal })
      return pending
    })
    return Effect.onInterrupt(asking, () =>
      Effect.promise(async () => {
        stop.abort()
        const decision = await pending?.catch(() => undefined)
        if (decision?.allowed === true) await decision.release().catch(() => undefined)
      }),
    )
  })

const ended = <Value, E, R>(
  decision: Admitted,
  call: Effect.Effect<{ readonly value: Value } & Settlement, E, R>,
  how: {
    readonly settle: Spendfuse["settle"]
    readonly isFree: (error: unknown) => boolean
  },
): Effect.Effect<Guarded<Value>, E | Fault, R> =>
  Effect.flatMap(Effect.exit(call), (exit): Effect.Effect<Guarded<Value>, E | Fault> => {
    if (Exit.isSuccess(exit)) {
      const { value, ...settlement } = exit.value
      return Effect.onError(
        Effect.map(how.settle(decision, { ...settlement, final: true }), (settled) => ({
          allowed: true,
          value,
          settled,
        })),
        () => Effect.ignore(attempted(() => decision.assume())),
      )
    }
    const isFree = !Cause.hasInterrupts(exit.cause) && how.isFree(Cause.squash(exit.cause))
    const end = attempted<unknown>(() => (isFree ? decision.release() : decision.assume()))
    return Effect.andThen(Effect.ignore(end), Effect.failCause(exit.cause))
  })

/** Our own errors are failures; anything else is a bug, and dies. */
const attempted = <A>(run: () => Promise<A>): Effect.Effect<A, Fault> =>
  Effect.catchIf(
    Effect.tryPromise({ try: run, catch: (error) => error }),
    (error) => !isFault(error),
    (error) => Effect.die(error),
  ) as Effect.Effect<A, Fault>

const isFault = (error: unknown): error is Fault =>
  error instanceof RequestFailed ||
  error instanceof SpendfuseClosed ||
  error instanceof StoreUnavailable ||
  error instanceof StoreCorrupt

const invalidOr = (error: unknown): PolicyInvalid => {
  if (error instanceof PolicyInvalid) return error
  throw error
}

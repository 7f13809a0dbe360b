import {
  type Admitted,
  createSpendfuse,
  type Decision,
  type Spendfuse,
  type SpendfuseOptions,
  type Store,
} from "@spendfuse/core"

/** Keeps the request at hand alive until a promise has settled: `waitUntil` of `cloudflare:workers`. */
export type WaitUntil = (promise: Promise<unknown>) => void

/** How a Worker makes its fuse. */
export interface WorkerSpendfuseOptions<Env> {
  readonly waitUntil: WaitUntil
  /**
   * Called once in an isolate, at its first request: its bindings may be used there. The store may take 2,000
   * milliseconds unless `storeDeadlineMs` is given: an object may have to begin. `onEvent` is for processes that
   * go on between requests.
   */
  readonly options: (env: Env) => Omit<SpendfuseOptions, "onEvent">
}

/**
 * A fuse for Workers, one in an isolate, which no module can make when it is loaded. A request goes on until what
 * it was admitted is settled, also when its answer has ended. It tells nobody anything: the objects' alarms do,
 * or a `scheduled` handler, by `createDispatcher`.
 *
 * @example
 * const spendfuse = workerSpendfuse({ waitUntil, options: (env: Env) => ({ policy, store: storeOf(env) }) })
 * // in a handler: guardedFetch(spendfuse(env), { subject: { org: "acme" } })
 */
export const workerSpendfuse = <Env>({
  waitUntil,
  options,
}: WorkerSpendfuseOptions<Env>): ((env: Env) => Spendfuse) => {
  let made: Spendfuse | null = null
  return (env) => {
    made ??= make(options(env), stayingBy(waitUntil))
    return made
  }
}

/** Lets a request go on until a promise has settled, and answers the promise. */
type Stay = <Value>(promise: Promise<Value>) => Promise<Value>

const stayingBy =
  (waitUntil: WaitUntil): Stay =>
  (promise) => {
    try {
      waitUntil(promise.catch(() => undefined))
    } catch {
      // Outside of a request nothing ends it.
    }
    return promise
  }

const make = (options: Omit<SpendfuseOptions, "onEvent">, stay: Stay): Spendfuse => {
  const fuse = createSpendfuse({
    storeDeadlineMs: 2_000,
    // The engine's coarse clock needs a timer that outlives a request.
    nowMs: Date.now,
    ...options,
    store: quiet(options.store, stay),
  })
  return {
    ...fuse,
    get policy() {
      return fuse.policy
    },
    reserve: async (request) => held(await fuse.reserve(request), stay),
    guard: (request, call, how) => stay(fuse.guard(request, call, how)),
  }
}

/** What one request has begun may be another's answer: it ends, whoever goes. Nothing is claimed to be told. */
const quiet = (store: Store, stay: Stay): Store => ({
  ...store,
  apply: (commands, signal) => stay(store.apply(commands, signal)),
  read: (accounts) => stay(store.read(accounts)),
  claim: async () => [],
})

/** A hold that keeps its request alive until it has ended. */
const held = (decision: Decision, stay: Stay): Decision => {
  if (!decision.allowed) return decision
  let leave = (): void => undefined
  stay(new Promise<void>((resolve) => (leave = resolve)))
  const end = <Value>(ending: Promise<Value>): Promise<Value> => {
    ending.then(leave, leave)
    return ending
  }
  const ends: Pick<Admitted, "settle" | "release" | "assume"> = {
    settle: (settlement) => {
      const settling = decision.settle(settlement)
      return settlement.final === false ? settling : end(settling)
    },
    release: () => end(decision.release()),
    assume: () => end(decision.assume()),
  }
  return new Proxy(decision, { get: (_, name) => memberOf(decision, ends, name) })
}

const memberOf = (
  decision: Admitted,
  ends: Pick<Admitted, "settle" | "release" | "assume">,
  name: string | symbol,
): unknown => {
  if (Object.hasOwn(ends, name)) return Reflect.get(ends, name)
  const member: unknown = Reflect.get(decision, name)
  return typeof member === "function" ? member.bind(decision) : member
}

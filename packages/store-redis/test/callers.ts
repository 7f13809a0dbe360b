import { apply, type Command, compile, emptyLedger } from "@spendfuse/core/domain"
import { type Applied, type Store, StoreUnavailable } from "@spendfuse/core/ports"
import { Redis } from "ioredis"
import { expect, onTestFinished } from "vitest"
import { type RedisCluster, startRedisCluster } from "../../../scripts/servers/index.mjs"
import { definePolicy } from "../../core/src/index.ts"
import { redisStore } from "../src/index.ts"

/** One org whose keys share it out; callers of a test reach 400 soon. */
const policyOf = (limit: number) =>
  definePolicy({
    partitionBy: "org",
    budgets: [
      {
        id: "org",
        per: ["org"],
        limit: { requests: limit },
        window: "month",
        tiers: [{ at: "100%", block: true }],
      },
      {
        id: "key",
        per: ["org", "apiKey"],
        limit: { requests: limit / 4 },
        window: "month",
        tiers: [{ at: "100%", block: true }],
      },
    ],
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
  })

const policy = policyOf(400)

/** Far from any edge. */
export const ENDLESS = policyOf(4_000_000)

export const nodesOf = (urls: readonly string[]) =>
  urls.map((url) => ({ host: new URL(url).hostname, port: Number(new URL(url).port) }))

export const open = (urls: readonly string[], prefix: string): Store => {
  const store = redisStore({
    cluster: nodesOf(urls),
    prefix,
    history: true,
    onNotice: () => undefined,
  })
  onTestFinished(() => store.close())
  return store
}

export const reserve = (
  source: string,
  n: number,
  apiKey: string,
  by: typeof policy = policy,
): Command => {
  const atMs = Date.now()
  const plan = compile(by, { org: "acme", apiKey }, atMs)
  if ("missing" in plan) throw new Error(plan.missing)
  return {
    kind: "reserve",
    id: { source, n },
    done: Math.max(0, n - 3),
    ...plan,
    issuedAtMs: atMs,
    base: { usd: 0, tokens: 0, requests: 1 },
    perUnit: { usd: 0, tokens: 0, requests: 0 },
    units: { least: 0, most: 0 },
    expiresAtMs: atMs + 600_000,
    via: null,
    swallowed: 0,
  }
}

export const head = (source: string, n: number) => ({
  id: { source, n },
  done: Math.max(0, n - 3),
  division: "acme",
})

export const settle = (source: string, n: number, of: number): Command => ({
  ...head(source, n),
  kind: "settle",
  reservation: { source, n: of },
  seq: 1,
  actual: { usd: 0, tokens: 0, requests: 1 },
  final: true,
})

export interface Seen {
  readonly command: Command
  readonly applied: Applied
}

/** Callers that decide until they are stopped; each command is sent again by its number until it is answered. */
export class Callers {
  readonly seen: Seen[] = []
  readonly unexpected: unknown[] = []
  unavailable = 0
  #isDone = false
  readonly #policy: typeof policy
  readonly #running: Promise<unknown>

  constructor(stores: readonly Store[], by: typeof policy = policy) {
    this.#policy = by
    this.#running = Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        this.#call(stores[at % stores.length] as Store, `s${at}`),
      ),
    )
  }

  async stop(): Promise<void> {
    this.#isDone = true
    await this.#running
  }

  async #call(store: Store, source: string): Promise<void> {
    for (let n = 1; !this.#isDone; ) {
      const of = n++
      const outcome = await this.#ask(store, reserve(source, of, `k${of % 5}`, this.#policy))
      if (outcome?.kind === "reserved" && of % 3 !== 0)
        await this.#ask(store, settle(source, n++, of))
      if (of % 4 === 0) await this.#ask(store, { ...head(source, n++), kind: "expire" })
    }
  }

  async #ask(store: Store, command: Command): Promise<Applied["outcome"] | undefined> {
    for (let tries = 0; tries < 300; tries++) {
      try {
        const [applied] = await store.apply([command])
        if (applied === undefined) throw new Error("no answer")
        this.seen.push({ command, applied })
        return applied.outcome
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) {
          this.unexpected.push(error)
          return undefined
        }
        this.unavailable++
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
    this.unexpected.push(new Error("never answered"))
    return undefined
  }
}

export const clusterOf = async (replicas: number): Promise<RedisCluster> => {
  const cluster = await startRedisCluster({ replicas })
  onTestFinished(() => cluster.stop())
  return cluster
}

export const connected = (url: string): Redis => {
  const redis = new Redis(url)
  redis.on("error", () => undefined)
  onTestFinished(() => redis.disconnect())
  return redis
}

/** What the core says to the same commands in the order of their ranks. */
export const replayed = (seen: readonly Seen[]): ReturnType<typeof emptyLedger> => {
  const ledger = emptyLedger()
  const inOrder = [...seen].sort(
    (one, other) => (one.applied.rank ?? 0) - (other.applied.rank ?? 0),
  )
  for (const { command, applied } of inOrder) {
    const { outcome } = apply(ledger, command, applied.storeTimeMs)
    const { replayed: _, ...answer } = applied.outcome as { replayed?: boolean }
    expect(answer).toEqual(outcome)
  }
  return ledger
}

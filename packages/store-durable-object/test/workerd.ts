import { join } from "node:path"
import { type Command, compile, type Line } from "@spendfuse/core/domain"
import type { Applied, Store } from "@spendfuse/core/ports"
import { fromJson, toJson } from "@spendfuse/core/wire"
import { build } from "esbuild"
import { Miniflare, type MiniflareOptions } from "miniflare"
import { definePolicy } from "../../core/src/index.ts"

/** Starts a Worker in the real runtime, its objects bound as `LEDGER`. */
export const startWorker = async (
  entry: string,
  more: Partial<MiniflareOptions> = {},
): Promise<Miniflare> => {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["@spendfuse/source", "workerd"],
    external: ["cloudflare:workers"],
    logLevel: "silent",
  })
  const worker = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-07-01",
    durableObjects: { LEDGER: { className: "TestLedger", useSQLite: true } },
    ...more,
  } as MiniflareOptions)
  await worker.ready
  return worker
}

/** A Worker of this package's tests. */
export const workerAt = (name: string): string => join(import.meta.dirname, "runtime/workerd", name)

/** One of a store's methods, called inside the runtime; rejects with the name and words of what went wrong. */
export const callerOf =
  (worker: Miniflare, prefix: string) =>
  async <Method extends "apply" | "read" | "events" | "claim">(
    method: Method,
    ...args: Parameters<Store[Method]>
  ): Promise<Awaited<ReturnType<Store[Method]>>> => {
    const body = toJson([prefix, method, args])
    const answer = await worker.dispatchFetch("http://test/store", { method: "POST", body })
    const read = fromJson(await answer.text())
    if (!read.ok) throw new Error(read.reason)
    const [kind, value] = read.value as [string, Awaited<ReturnType<Store[Method]>>]
    if (kind !== "value") throw new Error(`${kind}: ${String(value)}`)
    return value
  }

/** Does something to an object itself; answers its words. */
export const objectOf =
  (worker: Miniflare, prefix: string) =>
  async (division: string, what: string): Promise<string> => {
    const body = `${prefix}/=${division}`
    const answer = await worker.dispatchFetch(`http://test/${what}`, { method: "POST", body })
    return answer.text()
  }

const policy = definePolicy({
  partitionBy: "org",
  budgets: [
    {
      id: "org",
      per: ["org"],
      limit: { requests: 40 },
      window: "month",
      tiers: [{ at: "100%", trip: { coolDown: "1h" }, notify: ["page"] }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

export const linesOf = (org: string): readonly Line[] => {
  const plan = compile(policy, { org }, Date.now())
  if ("missing" in plan) throw new Error(plan.missing)
  return plan.lines
}

let last = 0
const head = (division: string) => {
  last += 1
  return { id: { source: `test ${last}`, n: 1 }, done: 0, division }
}

/** One request is held, for a while. */
export const reserve = (org: string, forMs = 600_000): Command => ({
  ...head(org),
  kind: "reserve",
  lines: linesOf(org),
  switches: [`org=${org}`, "platform=all"],
  issuedAtMs: Date.now(),
  base: { usd: 0, tokens: 0, requests: 1 },
  perUnit: { usd: 0, tokens: 0, requests: 0 },
  units: { least: 0, most: 0 },
  expiresAtMs: Date.now() + forMs,
  via: null,
  swallowed: 0,
})

/** So many requests are counted after the fact. */
export const charge = (org: string, requests: number): Command => ({
  ...head(org),
  kind: "charge",
  lines: linesOf(org),
  amounts: { usd: 0, tokens: 0, requests },
  ends: null,
})

export const turn = (name: string, state: "on" | "off", division = "*"): Command => ({
  ...head(division),
  kind: "switch",
  switch: name,
  state,
  untilMs: null,
  by: "ann",
  why: "a test",
})

/** The outcome's kind, or the reason of a refusal. */
export const said = ([applied]: readonly Applied[]): string =>
  applied?.outcome.kind === "refused" ? applied.outcome.reason : String(applied?.outcome.kind)

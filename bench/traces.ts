import { existsSync, readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { createSpendfuse, type Policy, seedPolicy } from "@spendfuse/core"
import type { Store } from "@spendfuse/core/ports"
import { libraryPrices } from "@spendfuse/core/prices"
import { type MemoryStore, memoryStore } from "@spendfuse/store-memory"
import { exactly, type Ratio } from "./rounds.ts"

/** One call of the public traces, read as UTC. */
export interface TraceRow {
  /** Epoch milliseconds. */
  readonly atMs: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** The traces name nobody: rows are dealt to eight keys by their place. */
  readonly apiKey: string
}

/** The model whose prices the rows are counted at. */
export const TRACE_MODEL = { provider: "openai", model: "gpt-5" } as const
export const TRACE_KEYS = 8

const FOLDER = new URL("../../shared/data/", import.meta.url)
const FILES = ["AzureLLMInferenceTrace_code.csv.gz", "AzureLLMInferenceTrace_conv.csv.gz"]

/**
 * The Azure LLM inference traces of 2023 (Splitwise, Patel and others, ISCA 2024; CC-BY 4.0), in the order
 * of time; null where the folder beside the repository does not have them.
 */
export const readTraces = (): readonly TraceRow[] | null => {
  const paths = FILES.map((name) => new URL(name, FOLDER))
  if (!paths.every((path) => existsSync(path))) return null
  return paths
    .flatMap((path) =>
      gunzipSync(readFileSync(path)).toString("utf8").trim().split(/\r?\n/).slice(1),
    )
    .map((line) => line.split(","))
    .map(([time = "", input, output]) => ({
      atMs: Date.parse(`${time.slice(0, 23).replace(" ", "T")}Z`),
      inputTokens: Number(input),
      outputTokens: Number(output),
    }))
    .sort((one, other) => one.atMs - other.atMs)
    .map((row, at) => ({ ...row, apiKey: keyAt(at) }))
}

/** Whose the row at a place is. */
export const keyAt = (at: number): string =>
  `key-${(Math.imul(at, 2_654_435_761) >>> 0) % TRACE_KEYS}`

/** A store in memory that keeps every event of a play. */
export const openMemory = (nowMs: () => number): MemoryStore =>
  memoryStore({ nowMs, eventsKept: 1_000_000 })

/** What became of one row: what was counted for it, or why it was refused. */
export type Counted =
  | { readonly row: TraceRow; readonly outputTokens: number; readonly refused: null }
  | { readonly row: TraceRow; readonly outputTokens: 0; readonly refused: string }

/** A call takes half a second, and 20 ms for each token that it writes. */
const FIRST_TOKEN_MS = 500
const TOKEN_MS = 20

/** Who watches the play: each instant, and each event. */
export interface Watcher<Opened extends Store> {
  readonly look?: (store: Opened) => void
  readonly onEvent?: (event: { readonly id: string; readonly kind: string }) => void
}

/** Sends every row through a policy in virtual time, calls overlapping as they did. The store's clock is the rows'. */
export const playTraces = async <Opened extends Store>(
  rows: readonly TraceRow[],
  policy: Policy,
  open: (nowMs: () => number) => Opened,
  { look = () => undefined, onEvent = () => undefined }: Watcher<Opened> = {},
): Promise<{ readonly counted: readonly Counted[]; readonly store: Opened }> => {
  const clock = { atMs: rows[0]?.atMs ?? 0 }
  const nowMs = () => clock.atMs
  const store = open(nowMs)
  const channel = { name: "silent", deliver: async () => undefined }
  const spendfuse = createSpendfuse({
    policy,
    store,
    prices: libraryPrices(),
    notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
    nowMs,
    waitMs: 0,
    storeDeadlineMs: 10_000,
    rememberRefusals: false,
    onEvent,
    onNotice: () => undefined,
  })
  const counted: Counted[] = []
  const running = new Queue()
  const endUntil = async (untilMs: number): Promise<void> => {
    for (let end = running.next(untilMs); end !== null; end = running.next(untilMs)) {
      clock.atMs = end.atMs
      await end.settle()
      look(store)
    }
  }
  for (const row of rows) {
    await endUntil(row.atMs)
    clock.atMs = row.atMs
    const { apiKey, inputTokens } = row
    const decision = await spendfuse.reserve({ subject: { apiKey }, ...TRACE_MODEL, inputTokens })
    look(store)
    if (!decision.allowed) {
      counted.push({ row, outputTokens: 0, refused: decision.reason })
      continue
    }
    const outputTokens = Math.min(row.outputTokens, decision.maxOutputTokens ?? 0)
    counted.push({ row, outputTokens, refused: null })
    const atMs = row.atMs + FIRST_TOKEN_MS + TOKEN_MS * outputTokens
    running.add({ atMs, settle: () => decision.settle({ usage: { inputTokens, outputTokens } }) })
  }
  await endUntil(Number.POSITIVE_INFINITY)
  await spendfuse.flush()
  await spendfuse.close()
  return { counted, store }
}

/** Seconds of traffic that one second plays: all rows of the traces through the seed's policy, in virtual time. */
export const traceRatios = async (): Promise<readonly Ratio[]> => {
  const rows = readTraces()
  const [first, last] = [rows?.[0], rows?.at(-1)]
  if (rows === null || first === undefined || last === undefined) {
    console.error("traces: left out, the public traces are not beside this checkout")
    return []
  }
  const startMs = performance.now()
  await playTraces(rows, seedPolicy({ hourlyUsd: 8, dailyUsd: 5 }), openMemory)
  const value = Math.round((last.atMs - first.atMs) / (performance.now() - startMs))
  return [exactly({ name: "traces-vs-real-time", value, goal: 100, better: "higher" })]
}

interface End {
  readonly atMs: number
  readonly settle: () => Promise<unknown>
}

/** Calls that run, by the instant of their end. */
class Queue {
  readonly #ends: End[] = []

  add(end: End): void {
    let low = 0
    let high = this.#ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#ends[middle]?.atMs ?? 0) > end.atMs) low = middle + 1
      else high = middle
    }
    this.#ends.splice(low, 0, end)
  }

  /** The earliest end that is not after `untilMs`, taken out; null where there is none. */
  next(untilMs: number): End | null {
    const last = this.#ends.at(-1)
    if (last === undefined || last.atMs > untilMs) return null
    this.#ends.pop()
    return last
  }
}

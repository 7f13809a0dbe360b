import { seedPolicy } from "@spendfuse/core"
import { Replay, type ReplayRow } from "@spendfuse/core/lab"
import { libraryPrices } from "@spendfuse/core/prices"
import { median, type Ratio } from "./rounds.ts"
import { openMemory, playTraces, readTraces, TRACE_MODEL, type TraceRow } from "./traces.ts"

const ROUNDS = 9
const WARM_UP = 4
/** Replays of a round: one alone is over in milliseconds, and pays for the garbage that the other side left. */
const REPLAYS = 10

/**
 * Rows per second of a replay over those of the same rows sent through the Promise API into a memory store, by turns.
 * Both play the public traces in virtual time with the same overlaps and price list, and must refuse the same calls.
 * The second figure is of a policy that refuses a third of them: there the step itself decides more often.
 */
export const replayRatios = async (): Promise<readonly Ratio[]> => {
  const rows = readTraces()
  if (rows === null) {
    console.error("replay: left out, the public traces are not beside this checkout")
    return []
  }
  return [
    await ratioOf("replay-vs-promise-api", rows, { hourlyUsd: 20, dailyUsd: 100 }),
    await ratioOf("replay-vs-promise-api-refusing", rows, { hourlyUsd: 8, dailyUsd: 5 }),
  ]
}

const ratioOf = async (
  name: string,
  traces: readonly TraceRow[],
  limits: { readonly hourlyUsd: number; readonly dailyUsd: number },
): Promise<Ratio> => {
  const policy = seedPolicy(limits)
  const rows = replayRows(traces)
  const prices = libraryPrices()
  const ratios: number[] = []
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const startMs = performance.now()
    let refused = 0
    for (let at = 0; at < REPLAYS; at += 1) {
      const replay = new Replay({ policy, prices })
      replay.take(rows)
      refused = replay.report().refused.calls
    }
    const middleMs = performance.now()
    const { counted } = await playTraces(traces, policy, openMemory)
    const endMs = performance.now()
    const barred = counted.filter(({ refused: reason }) => reason !== null).length
    if (barred !== refused)
      throw new Error(`the replay refused ${refused} calls, the Promise API ${barred}`)
    if (round >= 0) ratios.push((REPLAYS * (endMs - middleMs)) / (middleMs - startMs))
  }
  return median({ name, goal: 50, better: "higher" }, ratios)
}

/** The same rows as `playTraces` sends: half a second, and 20 ms for each token. */
const replayRows = (traces: readonly TraceRow[]): readonly ReplayRow[] => {
  const subjects = new Map<string, { readonly apiKey: string }>()
  return traces.map(({ atMs, inputTokens, outputTokens, apiKey }) => {
    const subject = subjects.get(apiKey) ?? { apiKey }
    subjects.set(apiKey, subject)
    const usage = { inputTokens, outputTokens }
    return { atMs, subject, ...TRACE_MODEL, usage, durationMs: 500 + 20 * outputTokens }
  })
}

import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Worker } from "node:worker_threads"
import { type Callers, callersOf } from "./gatewayCallers.ts"
import { openBare, openOurs, openPortkey, type Side } from "./gatewaySides.ts"
import { median, type Ratio } from "./rounds.ts"

const CALLERS = 64
const CALLS = 640
const ROUNDS = 9
/** Rounds that do not count: until both sides are compiled. */
const WARM_UP = 4

/**
 * Requests per second through the gateway over those through a bare Hono proxy, and over Portkey's gateway: each
 * a process of its own, the same calls to the same upstream, 64 callers, by turns. The gateway has the memory
 * store, five budgets and a virtual key, and writes its log.
 */
export const gatewayRatios = async (): Promise<readonly Ratio[]> => {
  const folder = await mkdtemp(join(tmpdir(), "spendfuse-bench-"))
  const upstream = await upstreamThread()
  const write = (name: string, value: unknown): Promise<void> =>
    writeFile(join(folder, name), JSON.stringify(value))
  const sides = await Promise.all([
    openOurs(upstream.url, folder, write),
    openBare(upstream.url),
    openPortkey(upstream.url),
  ])
  const [ours, bare, portkey] = sides
  const callers = callersOf(CALLERS)
  try {
    return [
      await ratioOf(callers, { name: "gateway-vs-bare-proxy", goal: 0.8 }, ours, bare),
      await ratioOf(callers, { name: "gateway-vs-portkey", goal: 5 }, ours, portkey),
    ]
  } finally {
    callers.stop()
    for (const side of sides) side.stop()
    await upstream.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

const ratioOf = async (
  callers: Callers,
  bar: Pick<Ratio, "name" | "goal">,
  ours: Side,
  theirs: Side,
): Promise<Ratio> => {
  const ratios: number[] = []
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const first = round % 2 === 0
    const one = await callers.run(first ? ours : theirs, CALLS)
    const other = await callers.run(first ? theirs : ours, CALLS)
    if (round >= 0) ratios.push(first ? other / one : one / other)
  }
  return median({ ...bar, better: "higher" }, ratios)
}

/** The provider, in a thread of its own. */
const upstreamThread = async (): Promise<{
  readonly url: string
  readonly stop: () => Promise<unknown>
}> => {
  const worker = new Worker(new URL("./fetchUpstream.ts", import.meta.url))
  const port = await new Promise<number>((resolve, reject) => {
    worker.once("message", resolve)
    worker.once("error", reject)
  })
  return { url: `http://127.0.0.1:${port}`, stop: () => worker.terminate() }
}

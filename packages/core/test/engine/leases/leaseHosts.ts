import { type MemoryStore, memoryStore } from "../../../../store-memory/src/index.ts"
import type { Line } from "../../../src/domain/command.ts"
import { Engine } from "../../../src/engine/engine.ts"
import type { Notice } from "../../../src/engine/notice.ts"
import type { PolicyJson, Store } from "../../../src/index.ts"
import { fakeClock, policyOf, remote } from "../support.ts"

/** One budget of everybody together, leased, counted in requests. */
export const leased = (
  limit: number,
  more: Partial<PolicyJson["budgets"][number]> = {},
): PolicyJson["budgets"] => [
  {
    id: "all",
    per: ["platform"],
    limit: { requests: limit },
    window: "day",
    lease: { share: "1%", for: "20s" },
    tiers: [{ at: "100%", block: true }],
    ...more,
  },
]

/** Several engines over one memory store, each behind a line that counts its trips. */
export const hostsOf = (
  count: number,
  json: Partial<PolicyJson>,
  options: { readonly spansDivisions?: boolean; readonly waitMs?: number } = {},
) => {
  const clock = fakeClock()
  const inner: MemoryStore = memoryStore({ nowMs: clock.nowMs })
  const notices: Notice[] = []
  const policy = policyOf(json)
  const hosts = Array.from({ length: count }, (_, at) => {
    const { store: base, control } = remote(inner, clock.nowMs)
    const store: Store = { ...base, spansDivisions: options.spansDivisions ?? true }
    let sources = 0
    const engine = new Engine({
      policy,
      store,
      prices: undefined,
      nowMs: clock.nowMs,
      monotonicMs: clock.monotonicMs,
      random: () => 0.5,
      newSource: () => {
        sources += 1
        return `host-${at}-${sources}`
      },
      storeDeadlineMs: 1_000,
      waitMs: options.waitMs ?? 0,
      rememberRefusals: false,
      exactTime: true,
      onNotice: (notice) => notices.push(notice),
      onEvents: () => undefined,
    })
    return { engine, control, subject: { apiKey: `k${at}` } }
  })
  const [first] = hosts
  const lineOf = (budget = "all", subject: Record<string, string> = {}): Line => {
    const found = policy.budgets.find(({ id }) => id === budget)
    if (first === undefined || found === undefined) throw new Error("no such budget")
    return first.engine.lineOf(found, subject, clock.nowMs())
  }
  const meter = async (key = "all/all") => {
    const [record] = await inner.read([key])
    const found = record?.account?.meters[0]
    return { settled: found?.settled ?? 0, held: found?.held ?? 0 }
  }
  const events = async () => (await inner.events({ limit: 1_000 })).items
  return { clock, inner, hosts, notices, policy, lineOf, meter, events }
}

/** Lets what goes on in the background come to its end. */
export const quietly = async (turns = 60): Promise<void> => {
  for (let i = 0; i < turns; i += 1) await Promise.resolve()
}

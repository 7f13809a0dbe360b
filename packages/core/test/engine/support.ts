import { type MemoryStore, memoryStore } from "../../../store-memory/src/index.ts"
import type { Command } from "../../src/domain/command.ts"
import type { CommandError } from "../../src/domain/outcome.ts"
import {
  type Applied,
  createSpendfuse,
  definePolicy,
  type Notice,
  type PolicyJson,
  type SpendfuseOptions,
  type Store,
  StoreUnavailable,
} from "../../src/index.ts"

/** A clock that only moves when told. */
export const fakeClock = (startMs = Date.UTC(2026, 0, 15, 10, 20)) => {
  let atMs = startMs
  return {
    nowMs: () => atMs,
    monotonicMs: () => atMs,
    advance: (ms: number) => {
      atMs += ms
    },
  }
}

/** Notices are kept, not printed. */
export const quiet = { onNotice: () => undefined, waitMs: 0 }

export const k1 = { apiKey: "k1" }

/** One budget of 1,000 nano-USD an hour and key, which blocks. */
export const capped: PolicyJson["budgets"] = [
  {
    id: "key",
    per: ["apiKey"],
    limit: { usdNano: 1000 },
    window: "hour",
    tiers: [{ at: "100%", block: true }],
  },
]

export const policyOf = (json: Partial<PolicyJson> = {}) =>
  definePolicy({
    budgets: capped,
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 100,
    ...json,
  })

/** What becomes of one command on its way to a store and back. */
export type Fate = "pass" | "lose-command" | "lose-answer" | "late" | "slow" | "twice"

/** An asynchronous store over the real one, which loses, repeats, refuses and delays what it is told to. */
export const remote = (inner: MemoryStore, nowMs: () => number) => {
  let current = inner
  const sent: Command[] = []
  const late: (() => void)[] = []
  const control = {
    sent,
    /** Lets what is late arrive. */
    arrive: () => {
      for (const go of late.splice(0)) go()
    },
    fateOf: (_command: Command): Fate => "pass",
    /** An error in the place of applying it. */
    errorOf: (_command: Command): CommandError | null => null,
    /** Changes answers on their way back. */
    change: (applied: Applied, _command: Command): Applied => applied,
    kinds: () => sent.map(({ kind }) => kind),
    /** Goes on with another store, as after a failover. */
    failOverTo: (other: MemoryStore) => {
      current = other
    },
  }
  const gone = new StoreUnavailable("remote", "the line is cut")
  const apply: Store["apply"] = async (commands) => {
    const [command] = commands
    if (command === undefined) return []
    sent.push(command)
    const fate = control.fateOf(command)
    await Promise.resolve()
    if (fate === "lose-command") throw gone
    if (fate === "late") {
      late.push(() => void current.applyNow(command))
      return new Promise(() => undefined)
    }
    if (fate === "slow") {
      const answer = current.applyNow(command)
      return new Promise((resolve) => late.push(() => resolve([answer])))
    }
    const error = control.errorOf(command)
    if (error !== null) {
      const outcome = { kind: "error", error, detail: "as the test wants it" } as const
      return [{ outcome, eventsWritten: 0, storeTimeMs: nowMs() }]
    }
    const applied = current.applyNow(command)
    if (fate === "lose-answer") throw gone
    return [control.change(fate === "twice" ? current.applyNow(command) : applied, command)]
  }
  const { applyNow: _, ...rest } = inner
  const store: Store = { ...rest, name: "remote", apply, read: (keys) => current.read(keys) }
  return { store, control }
}

/** A Spendfuse over a remote store, with the clock in hand. */
export const far = (
  json: Partial<PolicyJson> = {},
  options: Partial<Omit<SpendfuseOptions, "policy" | "store">> = {},
) => {
  const clock = fakeClock()
  const inner = memoryStore({ nowMs: clock.nowMs })
  const { store, control } = remote(inner, clock.nowMs)
  const notices: Notice[] = []
  const spendfuse = createSpendfuse({
    policy: policyOf(json),
    store,
    nowMs: clock.nowMs,
    monotonicMs: clock.monotonicMs,
    random: () => 0,
    onNotice: (notice) => {
      if (
        notice.kind !== "warning" ||
        !/end with this process|maxOutputTokens/.test(notice.message)
      )
        notices.push(notice)
    },
    waitMs: 0,
    storeDeadlineMs: 20,
    rememberRefusals: false,
    ...options,
  })
  const reserve = (usd: number) => spendfuse.reserve({ subject: k1, amounts: { usd } })
  const admitted = async (usd: number) => {
    const decision = await reserve(usd)
    if (!decision.allowed) throw new Error(spendfuse.explain(decision))
    return decision
  }
  const meter = async () => {
    const { settled, held } = await spendfuse.account({ budget: "key", subject: k1 })
    return { settled, held }
  }
  return { clock, inner, store, control, notices, spendfuse, reserve, admitted, meter }
}

/** Until it holds, for what goes on in the background; half a minute at most. */
export const until = async (holds: () => boolean): Promise<void> => {
  for (let i = 0; i < 6_000 && !holds(); i += 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
  if (!holds()) throw new Error("it never came to hold")
}

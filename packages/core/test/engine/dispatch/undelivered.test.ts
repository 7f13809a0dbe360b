import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import type { UndeliveredEvent } from "../../../src/domain/event.ts"
import { undelivered } from "../../../src/engine/dispatch/undelivered.ts"
import {
  createSpendfuse,
  type DomainEvent,
  type Notifier,
  NotifyFailed,
} from "../../../src/index.ts"
import type { OutboxRow } from "../../../src/ports/Store.ts"
import { policyOf, quiet } from "../support.ts"

const ORDER = ["slack", "pager", "oncall"]
const AT_MS = 1_768_472_400_000

const expired = (n: number): DomainEvent => ({
  kind: "expired",
  id: `source/${n}/expired`,
  atMs: AT_MS,
  channels: ["slack"],
  reservation: `source/${n}`,
})

const rowOf = (event: DomainEvent, channel: string): OutboxRow => ({
  id: `${event.id}#${channel}`,
  channel,
  account: "key/a",
  event,
  dueAtMs: AT_MS,
  attempts: 0,
  createdAtMs: AT_MS,
})

const dies = (rows: readonly OutboxRow[], channel: string, order = ORDER): UndeliveredEvent[] =>
  undelivered(rows, { channel, order, why: "gone", atMs: AT_MS }).map(({ event }) => event)

describe("what is told of rows that died", () => {
  it("goes to the next channel, round to the start", () => {
    const [event] = dies([rowOf(expired(1), "slack"), rowOf(expired(2), "slack")], "slack")
    expect(event).toEqual({
      kind: "undelivered",
      id: `source/1/expired#slack/undelivered/${AT_MS}`,
      atMs: AT_MS,
      channels: ["pager"],
      account: "key/a",
      incident: null,
      channel: "slack",
      why: "gone",
      count: 2,
    })
    expect(dies([rowOf(expired(1), "oncall")], "oncall")[0]?.channels).toEqual(["slack"])
  })

  it.each([
    ["slack", ["pager", "oncall"]],
    ["pager", ["oncall", "slack"]],
    ["oncall", ["slack", "pager"]],
  ])("goes round once from %s, and then to nobody", (first, others) => {
    let event = expired(1)
    let channel = first
    for (const next of [...others, null]) {
      const [told] = dies([rowOf(event, channel)], channel)
      expect(told?.channels).toEqual(next === null ? [] : [next])
      if (told === undefined || next === null) return
      event = told
      channel = next
    }
  })

  it("is not taken for another channel's by a name that ends alike", () => {
    const order = ["a", "x#a", "b"]
    const [first] = dies([rowOf(expired(1), "x#a")], "x#a", order)
    expect(first?.channels).toEqual(["b"])
    const [second] = dies([rowOf(first as DomainEvent, "b")], "b", order)
    expect(second?.channels).toEqual(["a"])
  })

  it("knows an incident, where one of the rows has it", () => {
    const circuit: DomainEvent = {
      kind: "circuit",
      id: "key/a/1/open",
      atMs: AT_MS,
      channels: ["slack"],
      account: "key/a",
      incident: "key/a/1",
      generation: 1,
      state: "open",
      untilMs: AT_MS + 1,
      observed: false,
      by: null,
      why: null,
    }
    const rows = [rowOf(expired(1), "slack"), rowOf(circuit, "slack")]
    expect(dies(rows, "slack")[0]?.incident).toBe("key/a/1")
  })

  it("is one event for each history", () => {
    const [before] = dies([rowOf(expired(1), "slack")], "slack")
    const rows = [before as DomainEvent, expired(2), expired(3)].map((event) =>
      rowOf(event, "pager"),
    )
    const events = dies(rows, "pager")
    expect(events.map(({ channels, count }) => [channels, count])).toEqual([
      [["oncall"], 1],
      [["oncall"], 2],
    ])
    const [again] = dies([rowOf(events[0] as DomainEvent, "oncall")], "oncall")
    expect(again?.channels).toEqual([])
    const [other] = dies([rowOf(events[1] as DomainEvent, "oncall")], "oncall")
    expect(other?.channels).toEqual(["slack"])
  })
})

/** Each request of a key is an event for `slack`. */
const policy = policyOf({
  budgets: [
    {
      id: "key",
      per: ["apiKey"],
      limit: { requests: 1_000 },
      window: "day",
      tiers: [
        { at: "0.1%", repeat: "0.1%", notify: ["slack"] },
        { at: "100%", block: true },
      ],
    },
  ],
})

const opened = (failing: readonly string[]) => {
  const told: [string, DomainEvent][] = []
  const hooked: DomainEvent[] = []
  const notices: string[] = []
  const notifierOf = (name: string): Notifier => ({
    name,
    deliver: async (events) => {
      if (failing.includes(name))
        throw new NotifyFailed(name, { retryable: false, detail: "the hook was removed" })
      for (const event of events) told.push([name, event])
    },
  })
  const store = memoryStore()
  const spendfuse = createSpendfuse({
    ...quiet,
    policy,
    store,
    notifiers: Object.fromEntries(ORDER.map((name) => [name, notifierOf(name)])),
    onEvent: (event) => void hooked.push(event),
    onNotice: ({ message }) => void notices.push(message),
  })
  const cross = async (apiKey: string): Promise<void> => {
    const decision = await spendfuse.reserve({ subject: { apiKey }, amounts: { requests: 1 } })
    if (!decision.allowed) throw new Error(decision.reason)
    await decision.settle({ amounts: { requests: 1 } })
  }
  return { told, hooked, notices, store, spendfuse, cross }
}

describe("a page that dies", () => {
  it("is itself an event on the next channel, once", async () => {
    const { told, store, spendfuse, cross, notices } = opened(["slack"])
    await cross("a")
    await spendfuse.flush()
    await spendfuse.flush()
    expect(told).toMatchObject([
      [
        "pager",
        { kind: "undelivered", channel: "slack", count: 1, why: expect.stringContaining("hook") },
      ],
    ])
    const [, event] = told[0] as [string, UndeliveredEvent]
    const { items } = await store.deadLetters({ limit: 9 })
    expect(
      items.map(({ id, createdAtMs, account }) => [`${id}/undelivered/${createdAtMs}`, account]),
    ).toEqual([[event.id, event.account]])
    expect(notices.filter((one) => one.includes("dead letter"))).toEqual([
      expect.stringContaining("a message by `slack` is a dead letter, `pager` is told"),
    ])
    await spendfuse.close()
  })

  it("that was sent again and dies again is told again, as something new", async () => {
    const { told, store, spendfuse, cross } = opened(["slack"])
    await cross("a")
    await spendfuse.flush()
    const { items } = await store.deadLetters({ limit: 9 })
    await new Promise((resolve) => setTimeout(resolve, 2))
    expect(await store.resend(items.map(({ id }) => id))).toBe(1)
    await spendfuse.flush()
    expect(told).toHaveLength(2)
    expect(new Set(told.map(([, { id }]) => id)).size).toBe(2)
    expect((await store.deadLetters({ limit: 9 })).items).toHaveLength(1)
    await spendfuse.close()
  })

  it("goes from channel to channel, and at the end to the hook alone", async () => {
    const { told, hooked, store, spendfuse, cross, notices } = opened(ORDER)
    await cross("a")
    await spendfuse.flush()
    expect(told).toEqual([])
    const last = hooked.filter(({ kind }) => kind === "undelivered")
    expect(last.map(({ channels }) => channels)).toEqual([["pager"], ["oncall"], []])
    expect((await store.deadLetters({ limit: 9 })).items.map(({ channel }) => channel)).toEqual(
      ORDER,
    )
    expect(notices.at(-1)).toContain("`oncall` is a dead letter, no channel is left to tell")
    await spendfuse.close()
  })
})

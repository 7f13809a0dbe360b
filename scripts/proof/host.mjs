// One host: its callers spend the budget until nothing is left, and it keeps a book of its own.
import { setTimeout as sleep } from "node:timers/promises"
import { createSpendfuse } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { randomOf } from "../random.mjs"
import { INPUT_MAX, MODEL, OUTPUT_MAX, policyOf } from "./budget.mjs"

const DEADLINE_MS = 60_000
const WAIT_MS = 60_000
const LOOK_EACH_MS = 20
const AGAIN_MS = 100

/** Opens a host on a store; `run()` ends when every caller was refused for good, or time is over. */
export const openHost = (store, order) => {
  const { at, callers, callMs, seconds, seed } = order
  const book = { spent: 0, calls: 0, refused: {}, notices: [], line: [], refusedAtMs: null }
  const told = []
  const spendfuse = createSpendfuse({
    policy: policyOf(order),
    store,
    prices: libraryPrices(),
    notifiers: {
      people: {
        name: "people",
        deliver: async (events) => void told.push(...events.map(({ id }) => id)),
      },
    },
    storeDeadlineMs: DEADLINE_MS,
    waitMs: WAIT_MS,
    onNotice: ({ kind, message }) => {
      if (kind === "unposted" || kind === "ledger-rewound") book.notices.push(`${kind}: ${message}`)
    },
  })
  const random = randomOf(seed + at)
  const subject = { apiKey: `key-${at}` }
  const caller = async (untilMs) => {
    while (performance.now() < untilMs) {
      const inputTokens = 1 + Math.floor(random() * INPUT_MAX)
      const request = { subject, ...MODEL, inputTokens, maxOutputTokens: OUTPUT_MAX }
      const decision = await spendfuse.reserve(request)
      if (!decision.allowed) {
        book.refused[decision.reason] = (book.refused[decision.reason] ?? 0) + 1
        if (decision.reason === "store-unavailable") {
          await sleep(AGAIN_MS)
          continue
        }
        book.refusedAtMs ??= Date.now()
        if (decision.reason !== "busy") return
        continue
      }
      await sleep(random() * callMs)
      const outputTokens = Math.floor(random() * (decision.maxOutputTokens + 1))
      const { amounts } = await decision.settle({ usage: { inputTokens, outputTokens } })
      book.spent += amounts.usd
      book.calls += 1
    }
  }
  const run = async () => {
    const untilMs = performance.now() + seconds * 1_000
    const look = setInterval(() => book.line.push([Date.now(), book.spent]), LOOK_EACH_MS)
    await Promise.all(Array.from({ length: callers }, () => caller(untilMs)))
    clearInterval(look)
    book.line.push([Date.now(), book.spent])
    await spendfuse.flush()
    return book
  }
  /** Answers which events this host has told. */
  const close = async () => {
    await spendfuse.close()
    return told
  }
  return { run, close }
}

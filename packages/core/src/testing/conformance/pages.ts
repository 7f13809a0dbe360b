import fc from "fast-check"
import type { DomainEvent } from "../../domain/event.ts"
import type { Account } from "../../domain/ledger.ts"
import { type LogQuery, type Page, STORE_BATCH_MAX } from "../../ports/Store.ts"
import { canonical, countedAt } from "./compare.ts"
import type { Desk } from "./desk.ts"
import { Differs } from "./failure.ts"
import type { History } from "./history.ts"
import { planned } from "./lockstep.ts"
import { historyOf } from "./moves.ts"
import type { Batch } from "./plan.ts"
import type { Proof } from "./prove.ts"
import { send } from "./trial.ts"

/** C8. Sends a crowd, then reads all that can be read by pages of one size. */
export const pages: Proof<readonly [History, number]> = {
  id: "C8",
  part: 0.5,
  cases: fc.tuple(historyOf({ pace: "crowd", stepsMax: 60 }), fc.constantFrom(1, 2, 3, 7)),
  walk: async (desk, [history, limit]) => {
    const { batches, accounts } = planned(desk, history)
    const audit: Read<DomainEvent> = (query) => desk.store.audit(query)
    const before = await endOf(audit)
    const from = await endOf((query) => desk.store.unheard(query))
    const raised: DomainEvent[] = []
    for (const batch of batches) {
      desk.expect(batch)
      raised.push(...desk.trial.judge(await send(desk.store, batch), batch.atMs))
    }
    await desk.hear(raised, limit)
    const operators = raised.filter(({ kind }) => kind === "audit")
    desk.trial.judgeLog(operators, await allBy("audit", audit, { after: before, limit }))
    await judgeLatest("audit", audit, operators, { desk, limit })
    const events: Read<DomainEvent> = (query) => desk.store.events(query)
    await judgeLatest("events", events, raised, { desk, limit })
    await judgeList(desk, limit)
    await desk.trial.judgeAccounts(desk.store, accounts, desk.nowMs)
    await judgeHeard(desk, raised, { from, limit })
    await judgeRead(desk, accounts)
    await judgeSizes(desk, batches)
  },
}

type Read<Item> = (query: LogQuery) => Promise<Page<Item>>

const LOTS = 1_000

const queryOf = (after: string | null, limit: number): LogQuery =>
  after === null ? { limit } : { after, limit }

/** The cursor after all that is there. */
const endOf = async (read: Read<unknown>): Promise<string | null> => {
  let end: string | null = null
  for (;;) {
    const page = await read(queryOf(end, LOTS))
    if (page.next === null) return end
    end = page.next
  }
}

/** Everything after a cursor, by pages: each not longer than asked, the same when asked again. */
const allBy = async <Item>(
  what: string,
  read: Read<Item>,
  { after, limit }: { readonly after: string | null; readonly limit: number },
): Promise<readonly Item[]> => {
  const items: Item[] = []
  let at = after
  for (;;) {
    const page = await read(queryOf(at, limit))
    if (page.items.length > limit)
      throw new Differs(null, `a page of ${what}`, `at most ${limit}`, page.items)
    const again = await read(queryOf(at, limit))
    if (at !== null && canonical(again) !== canonical(page))
      throw new Differs(null, `a page of ${what}, asked for again`, page, again)
    if (page.items.length > 0 && page.next === null)
      throw new Differs(null, `\`next\` of a page of ${what} with entries`, "a cursor", null)
    items.push(...page.items)
    if (page.next === null || page.items.length === 0) return items
    at = page.next
  }
}

/** The last entries of a log, oldest first, and a place to go on from. Where divisions are apart, any order of them. */
const judgeLatest = async (
  what: string,
  read: Read<DomainEvent>,
  all: readonly DomainEvent[],
  { desk, limit }: { readonly desk: Desk; readonly limit: number },
): Promise<void> => {
  const { items, next } = await read({ latest: true, limit })
  const last = all.slice(-limit)
  const found = items.slice(items.length - last.length)
  const isRight = desk.spansDivisions
    ? canonical(found) === canonical(last)
    : found.length === last.length
  if (items.length > limit || !isRight)
    throw new Differs(null, `the latest ${limit} of ${what}`, last, items)
  if (next === null) return
  const { items: more } = await read({ after: next, limit })
  if (more.length > 0) throw new Differs(null, `what comes after the latest of ${what}`, [], more)
}

/** What a new process finds unheard: all that no reader of `unheard` has asked beyond, whoever has read the log. */
const judgeHeard = async (
  desk: Desk,
  raised: readonly DomainEvent[],
  { from, limit }: { readonly from: string | null; readonly limit: number },
): Promise<void> => {
  const left = [...raised]
  const unheard: Read<DomainEvent> = (query) => desk.store.unheard(query)
  let page = await unheard(queryOf(from, limit))
  while (page.next !== null && left.length - page.items.length >= raised.length / 2) {
    for (const event of page.items) left.splice(placeOf(left, event), 1)
    page = await unheard({ after: page.next, limit })
  }
  await endOf((query) => desk.store.events(query))
  await desk.restart()
  desk.trial.judgeLog(left, await allBy("unheard", unheard, { after: null, limit }))
}

/** Where divisions are apart they come in any order; where none is the same, what is read is wrong already. */
const placeOf = (events: readonly DomainEvent[], event: DomainEvent): number => {
  const text = canonical(event)
  const at = events.findIndex((one) => canonical(one) === text)
  if (at < 0) throw new Differs(null, "an event that nobody heard", "one that was raised", event)
  return at
}

/** Every account once, by key; what the core knows and nothing else, as far as it counts. */
const judgeList = async (desk: Desk, limit: number): Promise<void> => {
  const read: Read<Account> = (query) => desk.store.list(query)
  const found = await allBy("list", read, { after: null, limit })
  for (const [at, { key }] of found.entries()) {
    const before = found[at - 1]?.key
    if (before !== undefined && before >= key)
      throw new Differs(null, "the order of list", `after ${JSON.stringify(before)}`, key)
  }
  const byKey = new Map(found.map((account) => [account.key, account]))
  const known = desk.trial.ledger.accounts
  for (const key of new Set([...byKey.keys(), ...known.keys()])) {
    const expected = countedAt(known.get(key) ?? null, desk.nowMs)
    const actual = countedAt(byKey.get(key) ?? null, desk.nowMs)
    if (canonical(expected) !== canonical(actual))
      throw new Differs(null, `${JSON.stringify(key.slice(0, 80))} in list`, expected, actual)
  }
}

/** Accounts come in the order in which they were asked for, twice if asked twice, null where there is none. */
const judgeRead = async (desk: Desk, accounts: readonly string[]): Promise<void> => {
  const asked = [...accounts, "nobody's", ...accounts].reverse()
  const found = await desk.store.read(asked)
  const keys = found.map(({ account }) => account?.key ?? null)
  const known = new Set(keys)
  const must = asked.map((key) => (known.has(key) ? key : null))
  if (canonical(keys) !== canonical(must)) throw new Differs(null, "keys of read", must, keys)
  const times = found.map(({ storeTimeMs }) => storeTimeMs)
  if (times.some((atMs) => atMs !== desk.nowMs))
    throw new Differs(null, "the store's clock in read", desk.nowMs, times)
}

/** No command, and more than a store takes, are refused and change nothing. */
const judgeSizes = async (desk: Desk, batches: readonly Batch[]): Promise<void> => {
  const [command] = batches[0]?.commands ?? []
  if (command === undefined) return
  for (const length of [0, STORE_BATCH_MAX + 1]) {
    const tooMany = Array.from({ length }, () => command)
    const answered = await desk.store.apply(tooMany).then(
      () => "answers",
      () => "a rejection",
    )
    if (answered !== "a rejection")
      throw new Differs(null, `a batch of ${length} commands`, "a rejection", answered)
  }
  const answers = await send(desk.store, { atMs: desk.nowMs, commands: [command] })
  await desk.judge(answers, desk.nowMs, [])
}

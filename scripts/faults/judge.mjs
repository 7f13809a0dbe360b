// What must hold after every fault: the cap, each spend once, each event once; and what was lost, in nano-USD.
import { ALL, CALL, HOLD_NANO } from "./policy.mjs"

/**
 * Holds what the store counts for each call against what its host said of it. Read when all hosts are closed
 * or dead; a dead host's hold may still run, or have expired.
 *
 * @param journal what the hosts said
 * @param options `capCalls`; `mayLose(call)`, where the server promises less than everything; `mayPass`: the policy lets
 *   calls through without the store, so the cap may be passed by them; `isEach`: whether each call has an
 *   account of its own; where not, sums are compared
 * @returns the figures of a report, and `problems`: none where every claim holds
 */
export const judge = async (
  store,
  journal,
  { capCalls, mayLose, mayPass = false, isEach = true },
) => {
  const { accounts, events } = await readAll(store)
  const counted = new Map(accounts.map((account) => [account.key, sumOf(account)]))
  const all = counted.get(ALL) ?? 0
  const figures = isEach ? figuresOf(journal, counted, mayLose) : summed(journal, all)
  const capNano = capCalls * HOLD_NANO
  const problems = [...figures.problems, ...eventProblems(events, accounts, mayLose !== undefined)]
  if (all !== figures.sumNano)
    problems.push(`the account of all counts ${all}, those of the calls ${figures.sumNano}`)
  if (!mayPass && all > capNano) problems.push(`${all} is counted under a cap of ${capNano}`)
  const unposted = journal.notices.filter(({ what }) => what === "unposted")
  if (unposted.length !== figures.unposted)
    problems.push(
      `${figures.unposted} calls were to be told as unposted, and ${unposted.length} were`,
    )
  const overCapNano = Math.max(0, figures.spentNano - capNano)
  if (overCapNano > 0 && !mayPass && mayLose === undefined)
    problems.push(`${figures.spentNano} was spent under a cap of ${capNano}`)
  const { sumNano: _, ...told } = figures
  return { ...told, overCapNano, problems }
}

const figuresOf = (journal, counted, mayLose) => {
  const sums = {
    calls: 0,
    acknowledged: 0,
    lost: 0,
    unposted: 0,
    spentNano: 0,
    lostNano: 0,
    tooMuchNano: 0,
    sumNano: 0,
  }
  const problems = []
  for (const call of journal.calls.values()) {
    const is = counted.get(CALL + call.id) ?? 0
    sums.calls += 1
    sums.acknowledged += call.acks.length
    sums.spentNano += call.actual
    sums.sumNano += is
    sums.tooMuchNano += Math.max(0, is - call.actual)
    if (mayBe(call).includes(is)) continue
    const wasLost = is < call.actual || (call.isDead && is === 0)
    if (wasLost) {
      sums.lost += 1
      sums.lostNano += call.actual - is
    }
    // What was released or settled lower, and is counted whole again, was lost as well: on the safe side.
    const isHeldAgain = mayLose !== undefined && is === HOLD_NANO
    if (isHeldAgain) sums.lost += 1
    const isTold = mayLose !== undefined && wasLost && call.acks.at(-1) === "settle error"
    if (isTold) sums.unposted += 1
    if (!isTold && !((wasLost || isHeldAgain) && mayLose?.(call) === true))
      problems.push(`${call.id} (${call.state}, ${call.reason ?? call.actual}) is counted as ${is}`)
  }
  return { ...sums, problems: problems.slice(0, 10) }
}

const summed = ({ calls }, all) => {
  const told = [...calls.values()]
  const spentNano = told.reduce((sum, { actual }) => sum + actual, 0)
  return {
    calls: told.length,
    acknowledged: told.filter(({ state }) => state === "settled").length,
    lost: 0,
    unposted: 0,
    spentNano,
    lostNano: Math.max(0, spentNano - all),
    tooMuchNano: Math.max(0, all - spentNano),
    sumNano: all,
    problems: all === spentNano ? [] : [`${spentNano} was spent, and ${all} is counted`],
  }
}

/** What the store may count for a call. */
const mayBe = ({ state, isDead, actual, acks }) => {
  if (state === "settled") return [actual]
  if (!isDead) return [0]
  const isHeld = state !== "asked" || acks.includes("reserve reserved")
  return [HOLD_NANO, ...(state === "spent" ? [actual] : []), ...(isHeld ? [] : [0])]
}

const sumOf = ({ meters }) => meters.reduce((sum, { settled, held }) => sum + settled + held, 0)

/** No event twice; and each tenth of the budget that was reached was told. */
const eventProblems = (events, accounts, isRewound) => {
  const problems = []
  const ids = events.map(({ id }) => id)
  if (new Set(ids).size !== ids.length) problems.push("an event is in the log twice")
  const meters = accounts.find(({ key }) => key === ALL)?.meters ?? []
  for (const { settled, period, terms } of meters) {
    const step = terms.limit / 10
    const tiers = events.filter(
      (event) =>
        event.kind === "tier" && event.account === ALL && event.periodStartMs === period.startMs,
    )
    const told = Math.max(0, ...tiers.map(({ level }) => level))
    const reached = Math.floor(settled / step) * step
    // A budget that is all but used up counts as used up once it has refused.
    const mayBeTold = settled >= 0.9 * terms.limit ? terms.limit : reached
    if (told < reached || (told > mayBeTold && !isRewound))
      problems.push(`${reached} was reached, and the highest level told is ${told}`)
  }
  return problems
}

/** Everything the store holds, page by page. */
export const readAll = async (store) => ({
  accounts: await pages((query) => store.list(query)),
  events: await pages((query) => store.events(query)),
})

const pages = async (read) => {
  const items = []
  let after
  for (;;) {
    const page = await read({ ...(after === undefined ? {} : { after }), limit: 1_000 })
    items.push(...page.items)
    if (page.next === null || page.items.length === 0) return items
    after = page.next
  }
}

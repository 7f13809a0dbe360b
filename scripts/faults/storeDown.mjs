// A store that gives no answer, or one that comes too late; each of the three rules for it.
import { startProxy } from "../servers/index.mjs"
import { judgeAt } from "./harmedLine.mjs"
import { startHost } from "./host.mjs"
import { newJournal } from "./journal.mjs"
import { openStore, placeAt } from "./places.mjs"
import { HOLD_NANO } from "./policy.mjs"

const RULES = { deny: "deny", allow: "allow", degrade: { degrade: "10%", hosts: 2 } }
/** How the store is away: nothing arrives in time, or everything is done and the answer comes too late. */
const PLANS = {
  silent: () => ({ kind: "delay", ms: 1_500 }),
  late: () => ({ kind: "stall", ms: 600 }),
}

/**
 * One host makes calls one after the other while the store is away. Each is decided within the deadline, a
 * dead store is asked a few times only, and what was spent meanwhile is posted once.
 *
 * @param options `store`, `url`, `rule` (`deny`, `allow`, `degrade`), `how` (`silent`, `late`), `deadlineMs`
 *   (the default where undefined), `calls`
 */
export const storeDown = async ({ store, url, rule, how, deadlineMs = 250, calls = 40 }) => {
  const capCalls = 200
  const place = placeAt(store, url)
  const proxy = await startProxy({ url })
  const journal = newJournal()
  try {
    // Of an account that nobody has read there is no share.
    const isEach = rule !== "degrade"
    const policy = { capCalls, isEach, onStoreUnavailable: RULES[rule] }
    const settings = { name: "a", policy, deadlineMs, thinkMs: 1 }
    const host = startHost(openStore({ ...place, url: proxy.url }), settings, journal.of("a"))
    await host.back()
    await host.calls(4, 1)
    const before = new Set(journal.calls.keys())
    const asked = await decideWithout({ host, proxy, plan: PLANS[how], calls })
    proxy.setPlan()
    await host.back()
    await host.stop()
    const mayPass = rule === "allow"
    const judged = await judgeAt(place, journal, { capCalls, isEach, mayPass })
    const during = [...journal.calls.values()].filter(({ id }) => !before.has(id)).slice(0, calls)
    return withClaims(judged, { rule, deadlineMs, during, calls, capCalls, asked })
  } finally {
    await proxy.stop()
  }
}

const decideWithout = async ({ host, proxy, plan, calls }) => {
  const asked = proxy.happened.length
  proxy.setPlan(plan)
  for (let at = 0; at < calls; at += 1) await host.one()
  return proxy.happened.length - asked
}

const withClaims = (judged, { rule, deadlineMs, during, calls, capCalls, asked }) => {
  const { problems } = judged
  const slowestMs = Math.max(...during.map(({ tookMs }) => tookMs))
  const waited = during.filter(({ hasWaited }) => hasWaited).length
  const passed = during.filter(({ state }) => state === "settled")
  if (during.some(({ isLate }) => isLate))
    problems.push(`a decision took ${slowestMs} ms at a deadline of ${deadlineMs} ms`)
  if (waited > calls / 3)
    problems.push(
      `${waited} of ${calls} decisions waited for the deadline: a dead store costs each`,
    )
  if (during.some(({ state, withoutStore }) => state === "settled" && !withoutStore))
    problems.push("a call was admitted with the store, which gave no answer")
  if (rule === "deny" && passed.length > 0) problems.push("a call was let through under `deny`")
  if (rule === "allow" && passed.length < calls) problems.push("a call was refused under `allow`")
  const share = (capCalls * HOLD_NANO) / 20
  const spent = passed.reduce((sum, { actual }) => sum + actual, 0)
  if (rule === "degrade" && (spent === 0 || spent > share))
    problems.push(`${spent} was spent of a share of ${share}`)
  const slowest = Math.round(slowestMs)
  return {
    ...judged,
    note: `${passed.length} of ${calls} let through; slowest ${slowest} ms; ${asked} requests sent`,
  }
}

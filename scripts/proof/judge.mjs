// What the run claims, and whether it holds.
import { TIERS } from "./budget.mjs"

const USED_AT_LEAST = 0.99

/** The figures of a run and its claims; amounts in nano-USD. */
export const judge = ({ load, limit, books, told, events, watched, storeMicros, tookMs }) => {
  const sum = (of) => books.reduce((total, book) => total + of(book), 0)
  const spent = sum((book) => book.spent)
  const calls = sum((book) => book.calls)
  const tiers = events.filter(({ kind }) => kind === "tier")
  const levels = tiers.map(({ level }) => level)
  const wanted = TIERS.map((share) => limit * share)
  const notices = books.flatMap((book) => book.notices)
  const pages = wanted.map((level) => pagesOf(tiers, level, told))
  const late = tiers.map(({ level, atMs }) => Math.max(0, spentAt(books, atMs) - level))
  const refusedAtMs = Math.min(...books.map((book) => book.refusedAtMs ?? Number.POSITIVE_INFINITY))
  const figures = {
    limit,
    ...watched,
    spent,
    used: share(spent, limit),
    usedAtFirstRefusal: share(spentAt(books, refusedAtMs), limit),
    calls,
    callsPerSecond: Math.round((calls * 1_000) / tookMs),
    ...(storeMicros === null ? {} : { storeMicros }),
    seconds: Math.round(tookMs / 100) / 10,
    refused: refusals(books),
    tierEvents: levels,
    pages,
    toldTwice: told.length - new Set(told).size,
    lateAtMost: share(Math.max(0, ...late), limit),
  }
  const slices = load.lease === null ? 0 : load.processes * (parseFloat(load.lease.share) / 100)
  const claims = [
    ["never one nano above the cap", watched.most <= limit && watched.settled <= limit],
    ["what the hosts spent is what the store counts", spent === watched.settled],
    ["nothing is left held", watched.held === 0],
    [`at least ${USED_AT_LEAST * 100} % is used`, figures.used >= USED_AT_LEAST],
    ["each tier fired once, in order", levels.join() === wanted.join()],
    ["each crossing is one event", new Set(events.map(({ id }) => id)).size === events.length],
    ["each event was told", events.every((event) => isTold(event, told))],
    ["exactly one page per crossing", pages.every((count) => count === 1)],
    ["nothing was unposted, nothing overshot", notices.length === 0 && !has(events, "overshoot")],
  ]
  if (load.lease !== null)
    claims.push([
      "a tier is at most a slice of each host late",
      figures.lateAtMost <= slices + LOOK_SHARE,
    ])
  return { load, figures, claims: claims.map(([name, holds]) => ({ name, holds })) }
}

/** The hosts note what they have spent some times a second only: what may be spent between two notes. */
const LOOK_SHARE = 0.02

const isTold = ({ id, channels }, told) => channels.length === 0 || told.includes(id)

/** How often the people heard of a level, from whichever host; none where it has no event or several. */
const pagesOf = (tiers, level, told) => {
  const events = tiers.filter((event) => event.level === level)
  return events.length === 1 ? told.filter((id) => id === events[0].id).length : 0
}

const has = (events, kind) => events.some((event) => event.kind === kind)

const share = (part, whole) => Math.round((part / whole) * 1e5) / 1e5

/** What all hosts together had spent by their own books at an instant. */
const spentAt = (books, atMs) =>
  books.reduce((total, { line }) => total + (line.findLast(([ms]) => ms <= atMs)?.[1] ?? 0), 0)

const refusals = (books) => {
  const counts = {}
  for (const { refused } of books)
    for (const [reason, count] of Object.entries(refused))
      counts[reason] = (counts[reason] ?? 0) + count
  return counts
}

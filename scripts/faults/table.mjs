// The report of a night's faults, as a table that a page can take over.

const HEAD = [
  "store",
  "fault",
  "the server promises",
  "answered",
  "calls lost",
  "of them told as unposted",
  "USD spent",
  "USD lost",
  "USD over the cap",
  "USD counted too much",
  "what was seen",
]

/** One line for each fault; what does not hold is said below. */
export const tableOf = (rows) => {
  const lines = rows.map((row) => [
    row.store,
    row.name,
    row.promise,
    row.acknowledged,
    row.lost,
    row.unposted,
    ...[row.spentNano, row.lostNano, row.overCapNano, row.tooMuchNano].map(usd),
    row.note,
  ])
  const table = [HEAD, HEAD.map(() => "---"), ...lines].map((cells) => `| ${cells.join(" | ")} |`)
  const problems = rows.flatMap(({ store, name, problems: own }) =>
    own.map((problem) => `${store}, ${name}: ${problem}`),
  )
  return [...table, "", problems.length === 0 ? "every claim holds" : problems.join("\n")].join(
    "\n",
  )
}

/** Nano-USD as USD; what is not nothing is not shown as nothing. */
const usd = (nano) =>
  nano > 0 && nano < 50_000 ? "<0.0001" : (nano / 1e9).toFixed(nano === 0 ? 0 : 4)

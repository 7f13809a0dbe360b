// What chaos may not do: lose an event, tell it often, or tell an account's events out of their order.

/**
 * @param expected events of the store's log with their channels, oldest first
 * @param heard by channel, `{ id, account }` in the order they were accepted
 * @returns what was counted, and `problems`: none where every claim holds
 */
export const judge = (expected, heard) => {
  const problems = []
  const counts = { rows: 0, delivered: 0, duplicates: 0 }
  const channels = [...new Set(expected.flatMap(({ channels: names }) => names))]
  for (const channel of channels) {
    const must = byAccount(expected.filter(({ channels: names }) => names.includes(channel)))
    const is = byAccount(heard.get(channel) ?? [])
    for (const [account, ids] of must) {
      const told = is.get(account) ?? []
      const firsts = [...new Set(told)]
      counts.rows += ids.length
      counts.delivered += told.length
      counts.duplicates += told.length - firsts.length
      const missing = ids.filter((id) => !firsts.includes(id))
      if (missing.length > 0)
        problems.push(
          `${channel} never heard ${missing.length} events of ${account}: ${missing[0]}`,
        )
      else if (firsts.join("\n") !== ids.join("\n"))
        problems.push(`${channel} heard the events of ${account} out of their order`)
    }
    for (const account of is.keys())
      if (!must.has(account)) problems.push(`${channel} heard of ${account}, which has no events`)
  }
  const share = counts.duplicates / Math.max(1, counts.rows)
  if (share >= DUPLICATES_MAX)
    problems.push(`${counts.duplicates} of ${counts.rows} were told twice, 1% or more`)
  return { ...counts, duplicateShare: share, problems }
}

const DUPLICATES_MAX = 0.01

const byAccount = (events) => {
  const found = new Map()
  for (const { id, account } of events) {
    const ids = found.get(account) ?? []
    found.set(account, ids)
    ids.push(id)
  }
  return found
}

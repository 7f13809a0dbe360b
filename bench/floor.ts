import type { Contender } from "./rounds.ts"

/**
 * What any design needs for a reserve and a settle: five look-ups by key, one record made, found again and
 * dropped, and five amounts moved twice. No rule, no limit, no answer.
 */
export const floorContender = (subjects: number): Contender => {
  const accounts = new Map<string, { settled: number; held: number }>()
  const keys = Array.from({ length: subjects }, (_, i) =>
    ["apiKey", "session", "user", "org", "platform"].map((name) => `b-${name}/${name}-${i}`),
  )
  for (const key of keys.flat()) accounts.set(key, { settled: 0, held: 0 })
  const records = new Map<number, { hold: number; meters: { settled: number; held: number }[] }>()
  let count = 0
  return {
    run: (n) => {
      for (let i = 0; i < n; i += 1) {
        const own = keys[count % subjects] ?? []
        count += 1
        const meters = []
        for (const key of own) {
          const meter = accounts.get(key)
          if (meter === undefined) throw new Error("no meter")
          meter.held += 500
          meters.push(meter)
        }
        records.set(count, { hold: 500, meters })
        const record = records.get(count)
        if (record === undefined) throw new Error("no record")
        for (const meter of record.meters) {
          meter.held -= record.hold
          meter.settled += 100
        }
        records.delete(count)
      }
    },
  }
}

import type { Ledger, Meter } from "../domain/ledger.ts"
import type { DeadLetter, Store } from "../ports/Store.ts"
import type { LawId } from "./conformance/laws.ts"

interface OutboxFault {
  readonly name: string
  readonly law: LawId
  readonly plant: (sound: Store & { readonly ledger: Ledger }) => Store
}

/** Faults of what is told, of dead letters, and of reading that does more than read. */
export const OUTBOX_FAULTS: readonly OutboxFault[] = [
  {
    name: "tells the newest first",
    law: "C4",
    plant: (sound) => ({
      ...sound,
      claim: async (...how) => [...(await sound.claim(...how))].reverse(),
    }),
  },
  {
    name: "gives a claimed row to another",
    law: "C4",
    plant: (sound) => ({
      ...sound,
      claim: (channel, limit) => sound.claim(channel, limit, 0),
    }),
  },
  {
    name: "tells again what was confirmed",
    law: "C4",
    plant: (sound) => ({ ...sound, confirm: (ids) => sound.retry(ids, 0) }),
  },
  {
    name: "loses a dead letter that is sent again",
    law: "C4",
    plant: (sound) => ({
      ...sound,
      resend: async (ids) => {
        const known = await sound.resend(ids)
        await sound.confirm(ids)
        return known
      },
    }),
  },
  {
    name: "shows a dead letter that was sent again",
    law: "C4",
    plant: (sound) => {
      const resent: DeadLetter[] = []
      return {
        ...sound,
        resend: async (ids) => {
          resent.push(...(await deadOf(sound, ids)))
          return sound.resend(ids)
        },
        deadLetters: async (query) => {
          const { items, next } = await sound.deadLetters(query)
          return { items: [...items, ...resent.splice(0)], next }
        },
      }
    },
  },
  {
    name: "counts what was sent again before",
    law: "C4",
    plant: (sound) => ({
      ...sound,
      resend: async (ids) => {
        await sound.resend(ids)
        return ids.length
      },
    }),
  },
  {
    name: "tells nobody of a dead letter",
    law: "C4",
    plant: (sound) => ({ ...sound, deadLetter: (ids, why) => sound.deadLetter(ids, why) }),
  },
  {
    name: "tells again of what was dead already",
    law: "C4",
    plant: (sound) => ({
      ...sound,
      deadLetter: async (ids, why, tell = []) => {
        await sound.deadLetter(ids, why, tell)
        const old = (await deadOf(sound, ids)).map(({ id }) => id)
        await sound.resend(old)
        await sound.deadLetter(old, why, tell)
      },
    }),
  },
  {
    name: "takes whoever reads the log for the hook",
    law: "C8",
    plant: (sound) => ({
      ...sound,
      events: async (query) => {
        if (query.after !== undefined) await sound.unheard({ after: query.after, limit: 1 })
        return sound.events(query)
      },
    }),
  },
  {
    name: "shows the first entries for the latest",
    law: "C8",
    plant: (sound) => ({
      ...sound,
      events: ({ latest: _, ...query }) => sound.events(query),
    }),
  },
  {
    name: "gives back the holds of what it lists",
    law: "C8",
    plant: (sound) => ({
      ...sound,
      list: async (query) => {
        const page = await sound.list(query)
        for (const { meters } of sound.ledger.accounts.values())
          for (const meter of meters as readonly {
            -readonly [Field in keyof Meter]: Meter[Field]
          }[])
            meter.held = 0
        return page
      },
    }),
  },
]

const deadOf = async (store: Store, ids: readonly string[]): Promise<readonly DeadLetter[]> => {
  const { items } = await store.deadLetters({ limit: 10_000 })
  return items.filter(({ id }) => ids.includes(id))
}

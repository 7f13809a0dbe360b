import type { Command, Line } from "../domain/command.ts"
import type { Account, Ledger, Meter } from "../domain/ledger.ts"
import { type Applied, STORE_BATCH_MAX, type Store } from "../ports/Store.ts"
import type { LawId } from "./conformance/laws.ts"
import type { OpenEmpty } from "./conformance/options.ts"
import { OUTBOX_FAULTS } from "./faultyOutboxes.ts"
import { type PlayedJournal, playedMemory } from "./playedMemory.ts"

/** A store in memory whose ledger can be reached: `memoryStore` is one. */
export type LedgerStore = Store & { readonly ledger: Ledger }

/** Makes one over a clock (epoch milliseconds) and a journal. */
export type MakeLedgerStore<Snapshot> = (options: {
  readonly nowMs: () => number
  readonly journal: PlayedJournal<Snapshot>
  readonly history: true
}) => LedgerStore

/** A store with one fault planted in it, and the law that must convict it. */
export interface FaultyStore {
  readonly name: string
  readonly law: LawId
  readonly open: OpenEmpty
}

/**
 * Stores that a suite must convict, each made of a sound one by one fault that real stores have had. Who
 * changes a law tries it on them: a law that convicts none is no law.
 *
 * @example faultyStores(memoryStore)
 */
export const faultyStores = <Snapshot>(make: MakeLedgerStore<Snapshot>): readonly FaultyStore[] =>
  FAULTS.map(({ name, law, aheadMs = 0, plant }) => ({
    name,
    law,
    open: ({ nowMs }) => {
      const open = playedMemory<Snapshot>((options) => {
        const isReopened = options.journal.load().snapshot !== null
        const ownMs = (): number => options.nowMs() + aheadMs
        return plant(make({ ...options, nowMs: ownMs, history: true }), isReopened)
      })
      return open(nowMs)
    },
  }))

interface Fault {
  readonly name: string
  readonly law: LawId
  /** Its clock against the one that it was given. */
  readonly aheadMs?: number
  readonly plant: (sound: LedgerStore, isReopened: boolean) => Store
}

const FAULTS: readonly Fault[] = [
  ...OUTBOX_FAULTS,
  { name: "loses an update of two at once", law: "C2", plant: (sound) => losing(sound) },
  {
    name: "keeps the first hold of a pair that it refused",
    law: "C1",
    plant: (sound) =>
      afterEach(sound, (command, { outcome }) => {
        if (command.kind !== "reserve" || outcome.kind !== "refused") return
        const meter = command.lines.length < 2 ? undefined : meterOf(sound, command.lines[0])
        if (meter !== undefined) meter.held += 1
      }),
  },
  {
    name: "fires a level again",
    law: "C1",
    plant: (sound) =>
      afterEach(sound, (command) => {
        if (command.kind !== "charge") return
        const meter = meterOf(sound, command.lines[0])
        if (meter !== undefined) meter.notes = { ...meter.notes, marks: [] }
      }),
  },
  {
    name: "tells the end of a period again",
    law: "C1",
    plant: (sound) =>
      afterEach(sound, () => {
        for (const meter of metersOf(sound))
          if (meter.notes.ends > 0) meter.notes = { ...meter.notes, told: ["log"] }
      }),
  },
  {
    name: "goes on to no further channel of a latch",
    law: "C1",
    plant: (sound) =>
      afterEach(sound, () => {
        for (const account of accountsOf(sound))
          if (account.circuit.state === "latched")
            account.circuit = { ...account.circuit, escalation: null }
      }),
  },
  {
    name: "begins an incident with each opening",
    law: "C1",
    plant: (sound) =>
      afterEach(sound, () => {
        for (const account of accountsOf(sound)) {
          const { circuit } = account
          if (circuit.state !== "closed")
            account.circuit = { ...circuit, since: circuit.generation }
        }
      }),
  },
  {
    name: "forgets holds when it is reopened",
    law: "C3",
    plant: (sound, isReopened) => {
      if (isReopened) for (const meter of metersOf(sound)) meter.held = 0
      return sound
    },
  },
  {
    name: "goes by a clock of its own",
    law: "C7",
    aheadMs: 1,
    plant: (sound) => ({
      ...sound,
      apply: async (commands) =>
        (await sound.apply(commands)).map((applied) => ({
          ...applied,
          storeTimeMs: applied.storeTimeMs - 1,
        })),
    }),
  },
  {
    name: "keeps fourteen digits of an integer",
    law: "C1",
    plant: (sound) =>
      afterEach(sound, () => {
        for (const meter of metersOf(sound)) meter.settled = Number(meter.settled.toPrecision(14))
      }),
  },
  {
    name: "counts what came late in the period of today",
    law: "C7",
    plant: (sound) =>
      afterEach(sound, (command, { outcome }) => {
        if (command.kind !== "charge" || outcome.kind === "error") return
        const meter = meterOf(sound, command.lines[0])
        const latest = latestOf(sound, command.lines[0])
        if (meter === undefined || latest === undefined || meter === latest) return
        const moved = Math.min(meter.settled, command.amounts[meter.terms.unit])
        meter.settled -= moved
        latest.settled += moved
      }),
  },
  {
    name: "forgets when it is reopened what it has answered",
    law: "C3",
    plant: (sound, isReopened) => {
      if (isReopened) sound.ledger.sources.clear()
      return sound
    },
  },
  {
    name: "keeps names as UTF-8",
    law: "C6",
    plant: (sound) => ({
      ...sound,
      apply: (commands) => sound.apply(commands.map(lossyCommand)),
      read: (accounts) => sound.read(accounts.map(lossy)),
    }),
  },
  {
    name: "drops an entry between two pages",
    law: "C8",
    plant: (sound) => ({
      ...sound,
      list: async (query) => {
        const { items, next } = await sound.list(query)
        return { items: query.after === undefined ? items : items.slice(1), next }
      },
    }),
  },
]

/** A record as the store has it; a fault writes to it. */
type Writable<Kept> = { -readonly [Field in keyof Kept]: Kept[Field] }
type Written = Writable<Meter>

const accountsOf = ({ ledger }: LedgerStore): Iterable<Writable<Account>> =>
  ledger.accounts.values()

const metersOf = ({ ledger }: LedgerStore): readonly Written[] =>
  [...ledger.accounts.values()].flatMap(({ meters }) => meters)

const meterOf = ({ ledger }: LedgerStore, line: Line | undefined): Written | undefined =>
  line === undefined
    ? undefined
    : ledger.accounts
        .get(line.account)
        ?.meters.find(({ period }) => period.startMs === line.period.startMs)

const latestOf = ({ ledger }: LedgerStore, line: Line | undefined): Written | undefined =>
  line === undefined ? undefined : ledger.accounts.get(line.account)?.meters.at(-1)

/** A fault that does something after each command. */
const afterEach = (
  sound: LedgerStore,
  harm: (command: Command, applied: Applied) => void,
): Store => ({
  ...sound,
  apply: async (commands) => {
    if (commands.length < 1 || commands.length > STORE_BATCH_MAX) return sound.apply(commands)
    const answers: Applied[] = []
    for (const command of commands) {
      const applied = await sound.apply([command])
      answers.push(...applied)
      for (const one of applied) harm(command, one)
    }
    return answers
  },
})

/** Who comes while another is at work reads amounts of before it, and writes them back. */
const losing = (sound: LedgerStore): Store => {
  let atWork = 0
  return {
    ...sound,
    apply: async (commands) => {
      const isSecond = atWork > 0
      const before = new Map(isSecond ? settledOf(sound) : [])
      atWork += 1
      const answers = await sound.apply(commands)
      for (const { key, meters } of sound.ledger.accounts.values())
        for (const meter of meters as readonly Written[])
          meter.settled = before.get(placeOf(key, meter)) ?? meter.settled
      await Promise.resolve()
      atWork -= 1
      return answers
    },
  }
}

const settledOf = ({ ledger }: LedgerStore): (readonly [string, number])[] =>
  [...ledger.accounts.values()].flatMap(({ key, meters }) =>
    meters.map((meter) => [placeOf(key, meter), meter.settled] as const),
  )

const placeOf = (key: string, { period }: Meter): string => `${period.startMs} ${key}`

const lossy = (text: string): string => new TextDecoder().decode(new TextEncoder().encode(text))

const lossyCommand = (command: Command): Command => {
  if (!("lines" in command)) return command
  return {
    ...command,
    lines: command.lines.map((line) => ({ ...line, account: lossy(line.account) })),
  }
}

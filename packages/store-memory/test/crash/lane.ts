import { spawn } from "node:child_process"
import { once } from "node:events"
import { readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { isDeepStrictEqual } from "node:util"
import {
  apply,
  type Command,
  type DomainEvent,
  emptyLedger,
  keptOf,
  type Ledger,
  type Outcome,
  sourceKey,
} from "@spendfuse/core/domain"
import { fromJson, toJson } from "@spendfuse/core/wire"
import { type MemoryStore, memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import type { LifeOptions } from "./life.ts"
import { BATCH_MAX, commandAt, instantOf } from "./world.ts"

/** What must be in the journal, by the words of the lives alone. */
interface Known {
  ledger: Ledger
  readonly events: DomainEvent[]
  /** Rows that a life was going to confirm, and that it has confirmed. */
  readonly confirming: Set<string>
  readonly confirmed: Set<string>
}

export interface Tally {
  lives: number
  answered: number
  /** Lives whose last batch, or a part of it, was kept and not answered. */
  keptUnanswered: number
  replayed: number
  levels: number
  latched: number
}

/**
 * Lets one life after the other work on the same journal, kills each with SIGKILL, and opens the journal
 * after each.
 *
 * @throws Error with the law that the journal broke
 */
export const killedLives = async (
  program: string,
  base: Omit<LifeOptions, "life">,
  lives: number,
): Promise<Tally> => {
  const known: Known = {
    ledger: emptyLedger(),
    events: [],
    confirming: new Set(),
    confirmed: new Set(),
  }
  const tally: Tally = {
    lives: 0,
    answered: 0,
    keptUnanswered: 0,
    replayed: 0,
    levels: 0,
    latched: 0,
  }
  for (let life = 1; life <= lives; life += 1) {
    const latchedBefore = latchedIn(known.ledger)
    const words = await killedLife(program, { ...base, life }, delayOf(base.seed, life))
    const answered = listen(known, words, base.seed, life)
    await inspect({ known, base, life, answered, latchedBefore, tally })
    tally.lives += 1
    tally.answered += answered.length
  }
  tally.levels = known.events.filter(({ kind }) => kind === "tier").length
  return tally
}

/** Some are killed while they start, most while they work. Milliseconds from the first word, or from birth. */
const delayOf = (seed: number, life: number): { readonly from: "birth" | "open"; ms: number } =>
  life % 10 === 0
    ? { from: "birth", ms: (seed * 31 + life * 17) % 60 }
    : { from: "open", ms: (seed * 7 + life * 13) % 10 }

/** Answers the whole lines that the life has said. */
const killedLife = async (
  program: string,
  options: LifeOptions,
  delay: ReturnType<typeof delayOf>,
): Promise<readonly string[]> => {
  writeFileSync(options.words, "")
  const args = "Deno" in globalThis ? ["run", "-A", program] : [program]
  const child = spawn(process.execPath, [...args, JSON.stringify(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  const kill = (): void => void setTimeout(() => child.kill("SIGKILL"), delay.ms)
  if (delay.from === "birth") kill()
  else child.stdout.once("data", kill)
  let complaint = ""
  child.stderr.on("data", (chunk: Buffer) => {
    complaint += chunk.toString()
  })
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null]
  if (signal !== "SIGKILL")
    throw new Error(`life ${options.life} ended by itself with ${code}: ${complaint}`)
  return readFileSync(options.words, "utf8").split("\n").slice(0, -1)
}

/** Puts what a life says into what is known; each answer must be the core's. */
const listen = (
  known: Known,
  words: readonly string[],
  seed: number,
  life: number,
): readonly (readonly [Command, Outcome])[] => {
  const answered: (readonly [Command, Outcome])[] = []
  for (const word of words) {
    const read = fromJson(word.replace(/^[acd] (\d+ )?/, ""))
    if (!read.ok) throw new Error(`life ${life} said \`${word}\``)
    if (word.startsWith("c")) for (const id of read.value as string[]) known.confirming.add(id)
    if (word.startsWith("d")) for (const id of read.value as string[]) known.confirmed.add(id)
    if (!word.startsWith("a")) continue
    const from = answered.length
    for (const outcome of read.value as Outcome[]) {
      const command = commandAt(seed, life, answered.length)
      must(
        isDeepStrictEqual(take(known, command, instantOf(life, from)), outcome),
        "every answer is the core's",
      )
      answered.push([command, outcome])
    }
  }
  return answered
}

const take = (known: Known, command: Command, atMs: number): Outcome => {
  const { outcome, events } = apply(known.ledger, command, atMs)
  known.events.push(...events)
  return outcome
}

interface Inspected {
  readonly known: Known
  readonly base: Omit<LifeOptions, "life">
  readonly life: number
  readonly answered: readonly (readonly [Command, Outcome])[]
  readonly latchedBefore: readonly string[]
  readonly tally: Tally
}

/** Opens the journal at once after the kill, and looks at everything. */
const inspect = async (inspected: Inspected): Promise<void> => {
  const { known, base, life, answered, latchedBefore, tally } = inspected
  const { path, fsync, snapshotEveryBytes } = base
  const journal = fileJournal({ path, fsync, snapshotEveryBytes, onNotice: () => undefined })
  const atMs = instantOf(life, answered.length)
  const store = memoryStore({ journal, nowMs: () => atMs })
  try {
    const found = picture(store.ledger)
    const extra = catchUp(inspected, found)
    if (extra > 0) tally.keptUnanswered += 1
    assertHeld(store.ledger)
    tally.replayed += assertReplayed(store, answered, found)
    await assertEvents(store, known)
    await assertRows(store, known)
    const touched = Array.from({ length: answered.length + extra }, (_, i) =>
      commandAt(base.seed, life, i),
    ).flatMap((command) => (command.kind === "acknowledge" ? [command.account] : []))
    for (const account of latchedBefore)
      must(
        touched.includes(account) || latchedIn(store.ledger).includes(account),
        "latches stay until a person acknowledges",
      )
    tally.latched += latchedBefore.length
  } finally {
    await store.close()
  }
  known.ledger = await asTheNextFinds(known, base)
}

/**
 * The ledger as the next life will find it. Where its rounds of forgetting stand is not kept, and decides
 * when an account is forgotten, and so with which generation another begins.
 */
const asTheNextFinds = async (
  { ledger }: Known,
  { path, fsync }: Omit<LifeOptions, "life">,
): Promise<Ledger> => {
  const store = memoryStore({ journal: fileJournal({ path, fsync, onNotice: () => undefined }) })
  must(picture(store.ledger) === picture(ledger), "a journal that is opened again is the same")
  await store.close()
  return store.ledger
}

/** The ledger is that of the answers, or of the answers and the first of the batch that was not answered. */
const catchUp = ({ known, base, life, answered }: Inspected, found: string): number => {
  for (let extra = 0; ; extra += 1) {
    if (picture(known.ledger) === found) return extra
    must(
      extra < BATCH_MAX,
      `everything that was answered is still there, and nothing else: life ${life} of ${base.path} after ${answered.length} answers\n${difference(picture(known.ledger), found)}`,
    )
    const command = commandAt(base.seed, life, answered.length + extra)
    take(known, command, instantOf(life, answered.length))
  }
}

/** Everything that a ledger keeps, in an order of its own. */
const picture = (ledger: Ledger): string => {
  const { accounts, reservations, sources, switches, ...more } = keptOf(ledger)
  return [
    toJson(more),
    ...[...accounts.values()].map((account) => toJson(account)).sort(),
    ...reservations.map((reservation) => toJson(reservation)).sort(),
    ...[...sources].map((source) => toJson(source)).sort(),
    ...[...switches].map((off) => toJson(off)).sort(),
  ].join("\n")
}

/** Lines that only one of two pictures has, cut to a length that a person reads. */
const difference = (expected: string, found: string): string => {
  const [one, other] = [expected.split("\n"), found.split("\n")]
  const only = (lines: readonly string[], others: readonly string[], sign: string): string[] =>
    lines.filter((line) => !others.includes(line)).map((line) => `${sign} ${line.slice(0, 2_000)}`)
  return [...only(one, other, "expected"), ...only(other, one, "found")].slice(0, 8).join("\n")
}

/** I2: what is held is the sum of the open holds. */
const assertHeld = (ledger: Ledger): void => {
  const held = new Map<string, number>()
  for (const { hold, settled, lines, state } of ledger.reservations.values())
    for (const { account, period, terms } of state === "running" ? lines : []) {
      const key = `${account}@${period.startMs}`
      const open = Math.max(0, hold[terms.unit] - settled[terms.unit])
      held.set(key, (held.get(key) ?? 0) + open)
    }
  for (const { key, meters } of ledger.accounts.values())
    for (const meter of meters)
      must(
        meter.held === (held.get(`${key}@${meter.period.startMs}`) ?? 0),
        "what is held is the sum of the open holds",
      )
}

/** I5: the last commands, sent again, are answered the same and change nothing. */
const assertReplayed = (
  store: MemoryStore,
  answered: readonly (readonly [Command, Outcome])[],
  before: string,
): number => {
  let replayed = 0
  for (const [command, outcome] of answered.slice(-BATCH_MAX * 4)) {
    const { done = 0 } = store.ledger.sources.get(keyOf(command)) ?? {}
    if (command.id.n <= done || NOT_KEPT.has(outcome.kind)) continue
    const again = store.applyNow(command)
    must(
      isDeepStrictEqual(again.outcome, { ...outcome, replayed: true }) && again.eventsWritten === 0,
      "what is sent again is answered the same",
    )
    replayed += 1
  }
  must(replayed === 0 || picture(store.ledger) === before, "what is sent again changes nothing")
  return replayed
}

/** A refusal and an error are not remembered. */
const NOT_KEPT: ReadonlySet<string> = new Set<Outcome["kind"]>(["refused", "error"])

const keyOf = ({ id, division }: Command): string => sourceKey(id.source, division)

/** No event is lost, none is told twice, and none fires twice: those of all lives have ids of their own. */
const assertEvents = async (store: MemoryStore, known: Known): Promise<void> => {
  const told: DomainEvent[] = []
  for (let after: string | undefined; ; ) {
    const page = await store.unheard(after === undefined ? { limit: 64 } : { after, limit: 64 })
    told.push(...page.items)
    if (page.next === null) break
    after = page.next
  }
  const fresh = known.events.slice(known.events.length - told.length)
  must(isDeepStrictEqual(ids(told), ids(fresh)), "the hook hears what it has not heard")
  heard.set(known, (heard.get(known) ?? 0) + told.length)
  must(heard.get(known) === known.events.length, "the hook misses nothing and hears nothing twice")
  must(new Set(ids(known.events)).size === known.events.length, "no level fires twice")
}

const heard = new WeakMap<Known, number>()

const ids = (events: readonly DomainEvent[]): readonly string[] => events.map(({ id }) => id)

/** A row is there until it was confirmed; what was being confirmed may be either. */
const assertRows = async (store: MemoryStore, known: Known): Promise<void> => {
  const rows = new Set<string>()
  for (;;) {
    const claimed = await store.claim("page", 100, 60_000)
    if (claimed.length === 0) break
    for (const { id } of claimed) rows.add(id)
  }
  const all = new Set(
    known.events.flatMap(({ id, channels }) => (channels.includes("page") ? [`${id}#page`] : [])),
  )
  for (const id of all)
    must(rows.has(id) || known.confirming.has(id), "no row is lost before it was confirmed")
  for (const id of rows)
    must(all.has(id) && !known.confirmed.has(id), "what was confirmed does not come again")
}

const latchedIn = (ledger: Ledger): readonly string[] =>
  [...ledger.accounts.values()]
    .filter(({ circuit }) => circuit.state === "latched")
    .map(({ key }) => key)

const must = (holds: boolean, law: string): void => {
  if (!holds) throw new Error(`broken: ${law}`)
}

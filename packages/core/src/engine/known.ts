import type { Line } from "../domain/command.ts"
import type { Obstacle } from "../domain/outcome.ts"
import type { Policy } from "../domain/policy.ts"
import type { Amounts } from "../domain/terms.ts"
import { viewOf } from "../domain/view.ts"
import type { AccountRecord, Store } from "../ports/Store.ts"
import type { Notice } from "./notice.ts"

/** A latch or a switch that this process has seen, to be set again where the store has lost it. */
export type Stop =
  | { readonly kind: "latch"; readonly account: string; readonly division: string }
  | { readonly kind: "switch"; readonly switch: string; readonly untilMs: number | null }

interface Account {
  remaining: number | null
  /** What this host has spent of its share since the room was read. */
  spent: number
  readAtMs: number
  generation: number
}

const ROOM_READ_EACH_MS = 1_000
const KNOWN_MAX = 100_000

/**
 * What this process knows of accounts and switches beyond a decision: how much it may spend by itself
 * while the store is away, and what refuses in every mode.
 */
export class Known {
  readonly #accounts = new Map<string, Account>()
  readonly #latched = new Map<string, { obstacle: Obstacle; division: string }>()
  readonly #off = new Map<string, Extract<Obstacle, { kind: "switch" }>>()
  readonly #told = new Set<string>()
  readonly #onNotice: (notice: Notice) => void
  readonly #onRewound: (message: string) => void

  constructor(options: {
    readonly onNotice: (notice: Notice) => void
    readonly onRewound: (message: string) => void
  }) {
    this.#onNotice = options.onNotice
    this.#onRewound = options.onRewound
  }

  /** Whether any latch or switch is known. */
  get hasStops(): boolean {
    return this.#latched.size > 0 || this.#off.size > 0
  }

  /** What a refusal says, for the time when there is no answer. */
  learn(lines: readonly Line[], obstacles: readonly Obstacle[]): void {
    for (const obstacle of obstacles) {
      if (obstacle.kind === "switch") bounded(this.#off, obstacle.switch, obstacle)
      else {
        const line = lines.find(({ account }) => account === obstacle.account)
        const known = this.#of(obstacle.account)
        known.remaining = obstacle.remaining
        if (obstacle.reason !== "latched" || line === undefined) continue
        known.generation = Math.max(known.generation, 1)
        bounded(this.#latched, obstacle.account, { obstacle, division: line.division })
      }
    }
  }

  /** The store has admitted on these lines: nothing refuses there by now. */
  forgetStops(lines: readonly Line[], switches: readonly string[]): void {
    for (const { account } of lines) this.#latched.delete(account)
    for (const key of switches) this.#off.delete(key)
  }

  /** An operator's word that went by here. */
  learnSwitch(key: string, state: "off" | "on", untilMs: number | null): void {
    if (state === "on") this.#off.delete(key)
    else bounded(this.#off, key, { kind: "switch", switch: key, reason: "switched-off", untilMs })
  }

  forgetLatch(account: string): void {
    this.#latched.delete(account)
  }

  /** The last known latches and switches that refuse this request in every mode. */
  stopsOf(lines: readonly Line[], switches: readonly string[], nowMs: number): readonly Obstacle[] {
    if (!this.hasStops) return []
    const off = switches
      .map((key) => this.#off.get(key))
      .filter((one) => one !== undefined && (one.untilMs === null || nowMs < one.untilMs))
    const latched = lines
      .filter(({ terms }) => !terms.observe)
      .map(({ account }) => this.#latched.get(account)?.obstacle)
    return [...off, ...latched].filter((one) => one !== undefined)
  }

  /** All that must be set again where the store has lost it. */
  stops(nowMs: number): readonly Stop[] {
    return [
      ...[...this.#latched].map(
        ([account, { division }]): Stop => ({ kind: "latch", account, division }),
      ),
      ...[...this.#off.values()]
        .filter(({ untilMs }) => untilMs === null || nowMs < untilMs)
        .map(({ switch: key, untilMs }): Stop => ({ kind: "switch", switch: key, untilMs })),
    ]
  }

  /** Reads what is left of each account in the background, at most once a second each. */
  readRoom(store: Store, lines: readonly Line[], atMs: number): void {
    const stale = lines.filter(({ account }) => {
      const known = this.#of(account)
      const isOld = atMs - known.readAtMs >= ROOM_READ_EACH_MS
      if (isOld) known.readAtMs = atMs
      return isOld
    })
    if (stale.length === 0) return
    store.read(stale.map(({ account }) => account)).then(
      (records) => this.learnRead(stale, records),
      () => undefined,
    )
  }

  /** What a read of accounts says: room, latches, an older generation, periods that do not agree. */
  learnRead(lines: readonly Line[], records: readonly AccountRecord[]): void {
    let isOlder = false
    for (const [at, line] of lines.entries()) {
      const record = records[at]
      if (record === undefined) continue
      const view = viewOf(record.account, line, record.storeTimeMs)
      const known = this.#of(line.account)
      const isKept = record.account !== null || this.#latched.has(line.account)
      if (isKept && view.generation < known.generation) {
        isOlder = true
        continue
      }
      known.generation = view.generation
      known.remaining = view.remaining
      known.spent = 0
      this.#checkPeriods(line, record)
      if (view.circuit !== "latched") {
        this.#latched.delete(line.account)
        continue
      }
      const { settled, held, cap, remaining } = view
      const reason = "latched" as const
      const amounts = { settled, held, cap, remaining }
      bounded(this.#latched, line.account, {
        division: line.division,
        obstacle: { kind: "line", account: line.account, reason, ...amounts, untilMs: null },
      })
    }
    if (isOlder) this.#onRewound("the store answered with an older generation of a circuit")
  }

  /** Takes `amounts` of the share of the last known room; false where it does not fit or nothing is known. */
  takeShare(policy: Policy, lines: readonly Line[], amounts: Amounts): boolean {
    const { onStoreUnavailable: rule } = policy
    if (rule.kind !== "degrade") return rule.kind === "allow"
    for (const line of lines) {
      if (line.terms.observe) continue
      const known = this.#accounts.get(line.account)
      if (known === undefined || known.remaining === null) return false
      const share = Math.floor((known.remaining * rule.sharePercent) / 100 / rule.hosts)
      if (known.spent + amounts[line.terms.unit] > share) return false
    }
    this.#spend(lines, amounts, 1)
    return true
  }

  /** Puts what was really spent in the place of what was taken. */
  correctShare(lines: readonly Line[], taken: Amounts, spent: Amounts): void {
    this.#spend(lines, taken, -1)
    this.#spend(lines, spent, 1)
  }

  #spend(lines: readonly Line[], amounts: Amounts, sign: 1 | -1): void {
    for (const line of lines) {
      const known = this.#accounts.get(line.account)
      if (known !== undefined)
        known.spent = Math.max(0, known.spent + sign * amounts[line.terms.unit])
    }
  }

  /** Two hosts with other time-zone data, or another policy, cut the same account's time differently. */
  #checkPeriods(line: Line, { account }: AccountRecord): void {
    const { period, terms } = line
    if (account === null || terms.slidingMs > 0 || terms.idleMs > 0) return
    for (const meter of account.meters) {
      const other = meter.period
      const isSame = other.startMs === period.startMs && other.endMs === period.endMs
      if (isSame || other.endMs <= period.startMs || period.endMs <= other.startMs) continue
      const key = `${line.account}/${period.startMs}/${other.startMs}`
      if (this.#told.has(key)) continue
      if (this.#told.size >= KNOWN_MAX) this.#told.clear()
      this.#told.add(key)
      this.#onNotice({
        kind: "period-mismatch",
        account: line.account,
        ours: period,
        theirs: other,
        message: `budget \`${terms.budget}\` is counted in periods that overlap: hosts differ in time-zone data or in the policy`,
      })
    }
  }

  #of(account: string): Account {
    const found = this.#accounts.get(account)
    if (found !== undefined) return found
    const made: Account = { remaining: null, spent: 0, readAtMs: 0, generation: 0 }
    bounded(this.#accounts, account, made)
    return made
  }
}

const bounded = <Value>(map: Map<string, Value>, key: string, value: Value): void => {
  if (map.size >= KNOWN_MAX && !map.has(key)) {
    const oldest = map.keys().next()
    if (oldest.done !== true) map.delete(oldest.value)
  }
  map.set(key, value)
}

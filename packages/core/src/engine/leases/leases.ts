import type { Line } from "../../domain/command.ts"
import type { Lease, Policy } from "../../domain/policy.ts"
import type { Asked } from "../asked.ts"
import type { Admitted, Decision, Refused } from "../decision.ts"
import type { Kept } from "../plan.ts"
import { amountsAt, LeasedHold, type Leasing } from "./leasedHold.ts"
import type { Take } from "./leasePart.ts"
import { type Judged, type LeasedPlan, leasesOf, split } from "./leasePlan.ts"
import { keyOf, Slice } from "./leaseSlice.ts"
import { SliceTrips, type TripsBy } from "./leaseTrips.ts"

/** What leases need of the engine. */
export interface LeasedBy extends TripsBy {
  keptOf(request: Asked["request"], issuedAtMs: number): Kept
  attempt(asked: Asked, tries?: number, issuedAtMs?: number): Decision | Promise<Decision>
}

/** A request on its way through the slices. */
interface Deciding {
  readonly asked: Asked
  readonly kept: Kept
  readonly leased: LeasedPlan
  readonly issuedAtMs: number
  readonly tries: number
  /** What is idle here was returned for it already. */
  readonly isLast: boolean
}

const JUDGED_MAX = 100_000

/**
 * Decides by slices that this host holds of accounts. A line with room on its slice costs no trip; the others
 * go to the store in one Reserve, and slices give back what they took where that refuses. A request of which
 * every line has room is decided here, as long as the store has judged its switches within a quarter of the
 * slices' life.
 */
export class Leases implements Leasing {
  readonly #engine: LeasedBy
  readonly #trips: SliceTrips
  readonly #slices = new Map<string, Slice>()
  #judged = new Map<string, Judged>()
  #policy: Policy | null = null
  #leases: ReadonlyMap<string, Lease> | null = null

  constructor(engine: LeasedBy) {
    this.#engine = engine
    this.#trips = new SliceTrips(engine, this.#slices, () => this.#forgetJudged())
  }

  /** Whether slices may carry a line of the plan. */
  has(kept: Kept): boolean {
    if (this.#policy !== this.#engine.policy) {
      this.#policy = this.#engine.policy
      this.#leases = leasesOf(this.#policy)
    }
    return this.#leases !== null && this.#planOf(kept) !== null
  }

  /** One try. @throws RequestFailed as the engine does */
  decide(
    asked: Asked,
    kept: Kept,
    issuedAtMs: number,
    tries: number,
  ): Decision | Promise<Decision> {
    const leased = this.#planOf(kept)
    if (leased === null) throw new Error("no line of this plan is leased")
    return this.#decide({ asked, kept, leased, issuedAtMs, tries, isLast: false })
  }

  async more(
    asked: Asked,
    { least, most }: { readonly least: number; readonly most: number },
  ): Promise<{ takes: readonly Take[]; granted: number } | Refused> {
    const atMs = this.#engine.sender.issuedAtMs()
    const kept = this.#engine.keptOf(asked.request, atMs)
    const { perUnit } = asked.estimate
    const takes: Take[] = []
    let granted = most
    for (const slice of this.#planOf(kept)?.slices ?? []) {
      const each = perUnit[slice.line.terms.unit]
      const part = slice.partFor(each * granted, atMs)
      const found =
        part ?? (await this.#trips.forCall(slice, { least: each * least, most: each * granted }))
      if ("obstacles" in found) {
        this.#giveBack(takes)
        const { lines } = kept.plan
        return this.#engine.refusal({ asked, lines, issuedAtMs: atMs, ...found })
      }
      if (each > 0) granted = Math.min(granted, Math.floor(found.free / each))
      takes.push(found.take(each * granted))
    }
    return { takes, granted }
  }

  ended(takes: readonly Take[]): void {
    for (const { part } of takes) {
      if (part.hasEnded) continue
      const wasOpen = part.isOpen
      if (part.granted - part.settled < part.slice.hold) part.isOpen = false
      if (!part.isOpen && part.running === 0) this.#trips.end(part)
      else if (wasOpen && !part.isOpen) this.#trips.tell(part)
    }
  }

  /** Heartbeats of all slices that are due; for tests, else the timer does it. */
  look(): Promise<void> {
    return this.#trips.look()
  }

  /** Nothing new is held on any slice: the store may have lost them. */
  stopAll(): void {
    for (const slice of this.#slices.values()) this.#trips.stop(slice)
  }

  /** Returns every slice; what calls that still run may cost counts as spent. */
  close(): Promise<void> {
    return this.#trips.close()
  }

  #decide(deciding: Deciding): Decision | Promise<Decision> {
    const { asked, kept, leased, issuedAtMs } = deciding
    const { known } = this.#engine
    const isStopped =
      known.hasStops && known.stopsOf(kept.plan.lines, kept.plan.switches, issuedAtMs).length > 0
    const { most } = asked.estimate.units
    const takes: Take[] = []
    const lacking: Slice[] = []
    for (const slice of leased.slices) {
      const { unit } = slice.line.terms
      const amount = asked.estimate.base[unit] + most * asked.estimate.perUnit[unit]
      if (amount > slice.hold) slice.hold = amount
      slice.uses += 1
      const part = isStopped ? null : slice.partFor(amount, issuedAtMs)
      if (part !== null) takes.push(part.take(amount))
      else {
        slice.trips += 1
        lacking.push(slice)
      }
      if (slice.isLow(issuedAtMs)) this.#trips.refill(slice)
    }
    if (lacking.length === 0 && leased.rest.length === 0 && isFresh(leased, issuedAtMs))
      return this.#held(deciding, takes, null, most)
    return this.#ask(deciding, takes, lacking)
  }

  /** Asks the store about the lines that no slice carries. */
  #ask(deciding: Deciding, takes: Take[], lacking: readonly Slice[]): Decision | Promise<Decision> {
    const { plan } = deciding.kept
    const spans = this.#engine.options.store.spansDivisions ?? true
    const apart = spans ? [] : lacking.filter(({ line }) => line.division !== plan.division)
    if (apart.length > 0) return this.#askApart(deciding, takes, apart)
    return this.#askRest(deciding, takes, deciding.asked.estimate.units.most)
  }

  /** Where a command judges one division, each line of another is reserved by a command of its own. */
  async #askApart(deciding: Deciding, takes: Take[], apart: readonly Slice[]): Promise<Decision> {
    const { asked, issuedAtMs, kept } = deciding
    const { least, most } = asked.estimate.units
    let granted = most
    for (const slice of apart) {
      const { unit } = slice.line.terms
      const [low, high] = [amountsAt(asked, least)[unit], amountsAt(asked, granted)[unit]]
      const found = await this.#trips.forCall(slice, { least: low, most: high })
      if ("obstacles" in found) {
        this.#giveBack(takes)
        return this.#engine.refusal({ asked, lines: kept.plan.lines, issuedAtMs, ...found })
      }
      const each = asked.estimate.perUnit[unit]
      const room = found.free - asked.estimate.base[unit]
      if (each > 0) granted = Math.min(granted, Math.floor(room / each))
      takes.push(found.take(amountsAt(asked, granted)[unit]))
    }
    return this.#askRest(deciding, takes, granted)
  }

  #askRest(deciding: Deciding, takes: Take[], most: number): Decision | Promise<Decision> {
    const { asked, tries, issuedAtMs, leased } = deciding
    const carried = new Set(takes.map(({ part }) => part.line.account))
    const { estimate } = asked
    const rest = {
      ...asked,
      carried,
      estimate: { ...estimate, units: { ...estimate.units, most } },
    }
    leased.judged.isAsking = true
    try {
      const decided = this.#engine.attempt(rest, tries, issuedAtMs)
      if (!(decided instanceof Promise)) return this.#answered(deciding, takes, decided)
      return decided.then(
        (value) => this.#answered(deciding, takes, value),
        (error: unknown) => this.#failed(deciding, takes, error),
      )
    } catch (error) {
      return this.#failed(deciding, takes, error)
    }
  }

  #failed({ leased }: Deciding, takes: readonly Take[], error: unknown): never {
    leased.judged.isAsking = false
    this.#giveBack(takes)
    throw error
  }

  #answered(
    deciding: Deciding,
    takes: readonly Take[],
    decided: Decision,
  ): Decision | Promise<Decision> {
    const { asked, kept, leased, issuedAtMs } = deciding
    leased.judged.isAsking = false
    if (!decided.allowed) {
      this.#giveBack(takes)
      return this.#refused(deciding, { ...decided, lines: kept.plan.lines })
    }
    if (!decided.withoutStore) leased.judged.atMs = issuedAtMs
    if (takes.length === 0) return decided
    const granted = asked.estimate.units.most === 0 ? 0 : decided.heldTokens
    for (const take of takes)
      take.part.shrink(take, amountsAt(asked, granted)[take.part.line.terms.unit])
    return this.#held(deciding, takes, decided, granted)
  }

  /** Before a caller is refused for `busy`, what is idle here goes back, or serves it. */
  #refused(deciding: Deciding, refused: Refused): Decision | Promise<Decision> {
    if (refused.reason !== "busy" || deciding.isLast) return refused
    const { asked, leased, issuedAtMs } = deciding
    const busy = leased.slices.filter(({ line }) =>
      refused.obstacles.some((one) => one.kind === "line" && one.account === line.account),
    )
    const { least, most } = asked.estimate.units
    let fits = most
    for (const slice of busy) {
      const { unit } = slice.line.terms
      const each = asked.estimate.perUnit[unit]
      const room = slice.mostFree(issuedAtMs) - asked.estimate.base[unit]
      fits = Math.min(fits, room < 0 ? -1 : each === 0 ? fits : Math.floor(room / each))
    }
    if (busy.length > 0 && fits >= Math.max(1, least) && fits < most) {
      const estimate = { ...asked.estimate, units: { least, most: fits } }
      return this.#decide({ ...deciding, asked: { ...asked, estimate }, isLast: true })
    }
    const ends = busy.flatMap((slice) => this.#trips.returnIdle(slice))
    if (ends.length === 0) return refused
    return Promise.all(ends).then(() => this.#decide({ ...deciding, isLast: true }))
  }

  #held(
    { asked, kept, issuedAtMs }: Deciding,
    takes: readonly Take[],
    inner: Admitted | null,
    granted: number,
  ): Decision {
    const { plan } = kept
    return new LeasedHold(this.#engine, this, { asked, plan, issuedAtMs, granted, takes, inner })
  }

  #giveBack(takes: readonly Take[]): void {
    for (const take of takes) take.part.settle(take, 0, true)
    this.ended(takes)
  }

  #planOf(kept: Kept): LeasedPlan | null {
    const known = kept.leased
    if (known !== undefined && !(known?.slices.some(({ isDropped }) => isDropped) ?? false))
      return known
    kept.leased = split(
      kept.plan,
      this.#leases ?? new Map(),
      (line, lease) => this.#sliceOf(line, lease),
      (key) => this.#judgedOf(key),
    )
    return kept.leased
  }

  #sliceOf(line: Line, lease: Lease): Slice {
    const key = keyOf(line)
    const found = this.#slices.get(key)
    if (found !== undefined) return found
    const made = new Slice(line, lease, this.#engine.options.monotonicMs())
    this.#slices.set(key, made)
    this.#trips.start()
    return made
  }

  #judgedOf(key: string): Judged {
    const found = this.#judged.get(key)
    if (found !== undefined) return found
    const oldest = this.#judged.keys().next()
    if (this.#judged.size >= JUDGED_MAX && oldest.done !== true) this.#judged.delete(oldest.value)
    const made: Judged = { atMs: Number.NEGATIVE_INFINITY, isAsking: false }
    this.#judged.set(key, made)
    return made
  }

  #forgetJudged(): void {
    for (const judged of this.#judged.values()) judged.atMs = Number.NEGATIVE_INFINITY
  }
}

/** Whether the store's word on the switches still counts; at half of its time, one caller asks anew. */
const isFresh = ({ judged, freshMs }: LeasedPlan, nowMs: number): boolean => {
  const ageMs = nowMs - judged.atMs
  if (ageMs < 0 || ageMs >= freshMs) return false
  return ageMs < freshMs / 2 || judged.isAsking
}

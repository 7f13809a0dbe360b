import fc from "fast-check"
import { Desk } from "./desk.ts"
import { Convicted } from "./failure.ts"
import type { LawId } from "./laws.ts"
import type { ConformanceOptions } from "./options.ts"
import type { Batch } from "./plan.ts"

/** One law's way to try a store: cases by chance, and what is done with one. */
export interface Proof<Case> {
  readonly id: LawId
  readonly cases: fc.Arbitrary<Case>
  /** Rejects where the store is wrong. */
  readonly walk: (desk: Desk, one: Case) => Promise<void>
  /** Of the runs that were asked for, this part; all unless given. */
  readonly part?: number
  /** Whether a case needs a store of its own. */
  readonly alone?: boolean
}

/**
 * Tries a law on cases by chance.
 *
 * @throws Convicted with the smallest case that was found, and how to repeat it
 */
export const prove = async <Case>(
  proof: Proof<Case>,
  options: ConformanceOptions,
): Promise<void> => {
  const { seed = 42, path, shrinkMs = 20_000 } = options
  const numRuns = Math.max(1, Math.ceil((options.runs ?? 100) * (proof.part ?? 1)))
  const desks = new Desks(options, proof.alone === true ? 1 : (options.share ?? 1))
  let found: Found | null = null
  let untilMs = Number.POSITIVE_INFINITY
  let run = 0
  const property = fc.asyncProperty(proof.cases, async (one) => {
    // What is not tried passes, so that the search for a smaller case ends.
    if (performance.now() > untilMs) return
    const failed = await tried(proof, desks, one, found !== null)
    run += 1
    if (found === null) options.onRun?.(proof.id, run)
    if (failed === null) return
    if (found === null) untilMs = performance.now() + shrinkMs
    found = failed
    throw failed.error
  })
  const parameters = { numRuns, seed, endOnFailure: shrinkMs === 0 }
  const details = await fc
    .check(property, path === undefined ? parameters : { ...parameters, path })
    .finally(() => desks.close())
  if (!details.failed) return
  const { error, batches, together } = found ?? {
    error: details.errorInstance,
    batches: [],
    together: 1,
  }
  throw new Convicted({
    law: proof.id,
    error,
    batches,
    together,
    seed: details.seed,
    path: details.counterexamplePath ?? "",
    runs: details.numRuns,
    shrinks: details.numShrinks,
  })
}

interface Found {
  readonly error: unknown
  readonly batches: readonly Batch[]
  /** Histories in the store when it failed, this one counted. */
  readonly together: number
}

/** Tries a case; one that fails among others is tried again by itself, which is easier to read. */
const tried = async <Case>(
  { walk }: Proof<Case>,
  desks: Desks,
  one: Case,
  isShrinking: boolean,
): Promise<Found | null> => {
  const desk = isShrinking ? await desks.fresh() : await desks.next()
  const failed = await walked(walk, desk, one)
  if (failed === null || failed.together === 1) return failed
  return (await walked(walk, await desks.fresh(), one)) ?? failed
}

const walked = async <Case>(
  walk: Proof<Case>["walk"],
  desk: Desk,
  one: Case,
): Promise<Found | null> => {
  try {
    await walk(desk, one)
    return null
  } catch (error) {
    return { error, batches: [...desk.sent], together: desk.histories }
  }
}

/** The open store: another one after so many histories, and after each that failed. */
class Desks {
  readonly #options: ConformanceOptions
  readonly #share: number
  #desk: Desk | null = null

  constructor(options: ConformanceOptions, share: number) {
    this.#options = options
    this.#share = share
  }

  async next(): Promise<Desk> {
    return this.#desk !== null && this.#desk.histories < this.#share ? this.#desk : this.fresh()
  }

  async fresh(): Promise<Desk> {
    await this.close()
    this.#desk = await Desk.open(this.#options)
    return this.#desk
  }

  /** What is wrong with a store that was convicted may be that it cannot be closed. */
  async close(): Promise<void> {
    const desk = this.#desk
    this.#desk = null
    await desk?.close().catch(() => undefined)
  }
}

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { killedLives, type Tally } from "./crash/lane.ts"
import type { LifeOptions, Mutant } from "./crash/life.ts"
import { bundled } from "./support.ts"

const SEED = Number(process.env.LAW_SEED ?? 20_260_115)
/** Deno's processes take longer to start, and are killed less often. */
const KILLS = Number(process.env.LAW_KILLS ?? ("Deno" in globalThis ? 48 : 200))

const directory = mkdtempSync(join(tmpdir(), "spendfuse-kills-"))
let program = ""

beforeAll(async () => {
  program = await bundled("life.ts", directory)
})
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const lane = (
  at: number,
  more: Partial<LifeOptions> & { readonly mutant?: Mutant | null } = {},
): Omit<LifeOptions, "life"> => ({
  path: join(directory, `lane-${at}-${more.mutant ?? "real"}`),
  words: join(directory, `words-${at}-${more.mutant ?? "real"}`),
  seed: SEED + at,
  fsync: "never",
  snapshotEveryBytes: 2 ** 24,
  mutant: null,
  ...more,
})

/** Four such at once, one after the other in each. */
const LANES: readonly Partial<LifeOptions>[] = [
  {},
  { snapshotEveryBytes: 1_000 },
  { fsync: "everysec", snapshotEveryBytes: 30_000 },
  { fsync: "always", snapshotEveryBytes: 10_000 },
]

describe("I13 nothing lost", () => {
  it(`holds after ${KILLS} kills at any instant: what was answered is kept, once`, async () => {
    const lives = Math.ceil(KILLS / (LANES.length * 4))
    const tallies: Tally[] = []
    const inTurn = async (lanes: readonly Partial<LifeOptions>[], from: number): Promise<void> => {
      for (const [at, one] of lanes.entries())
        tallies.push(await killedLives(program, lane(from + at, one), lives))
    }
    await Promise.all([0, 1, 2, 3].map((at) => inTurn(LANES, at * LANES.length)))
    const sum = (of: keyof Tally): number => tallies.reduce((all, tally) => all + tally[of], 0)
    // A kill that comes late finds a life that has done all it had to: more are killed, until enough died at work.
    const isTooFew = () => sum("keptUnanswered") <= KILLS / 20
    for (let at = 4 * LANES.length; at < 12 * LANES.length && isTooFew(); at += 1)
      await inTurn([LANES[at % LANES.length] ?? {}], at)
    expect(sum("lives")).toBeGreaterThanOrEqual(KILLS)
    for (const of of ["answered", "replayed", "levels"] as const)
      expect(sum(of), of).toBeGreaterThan(KILLS)
    expect(sum("keptUnanswered")).toBeGreaterThan(KILLS / 20)
    // Short chains of lives seldom get as far as a latch.
    if (KILLS >= 200) expect(sum("latched")).toBeGreaterThan(KILLS / 20)
  }, 900_000)

  it.each<Mutant>(["keeps-one-behind", "answers-before-it-appends"])(
    "kills: a journal that %s",
    async (mutant) => {
      await expect(killedLives(program, lane(99, { mutant }), 400)).rejects.toThrow(
        "broken: everything that was answered is still there",
      )
    },
  )
})

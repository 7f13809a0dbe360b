import fc from "fast-check"
import type { Policy, Rule } from "../../domain/policy.ts"
import { PLATFORM } from "../../domain/subject.ts"
import { withRules } from "../../engine/rules.ts"
import type { Ruling } from "../../lab/run.ts"
import { anyGreed, anyHistory } from "./arbitraries.ts"
import { withinWorstBills } from "./invariants/bills.ts"
import { latchedServesNothing } from "./invariants/serving.ts"
import type { Invariant, Moment } from "./moment.ts"
import { shortest } from "./shortest.ts"
import type { StoryFaults, StoryStep } from "./story.ts"
import { timelineOf } from "./timeline.ts"
import { World } from "./world.ts"

/** What is tried, and how often. */
export interface CheckPolicyOptions {
  /** What must hold; those that hold for every sane policy unless given: `saneInvariants`. */
  readonly invariants?: readonly Invariant[]
  /** Steps of your own traffic; unless given, calls and people of the policy's own dimensions and limits. */
  readonly traffic?: fc.Arbitrary<StoryStep>
  readonly faults?: StoryFaults
  /** The host's own rules, as `createSpendfuse` takes them. */
  readonly rules?: readonly Rule[]
  /** Stories; 300 unless given. */
  readonly runs?: number
  /** Steps of a story at most; 30 unless given. */
  readonly steps?: number
  /** The same seed tries the same stories; 42 unless given. */
  readonly seed?: number
  /** From a failure: tries that story alone. */
  readonly path?: string
}

/** What was tried, and nothing was found. */
export interface Checked {
  readonly stories: number
  /** Beside them: stories of one payer who takes all that there is, a quarter as many; none for traffic of your own. */
  readonly greed: number
  readonly steps: number
  readonly calls: number
  readonly invariants: readonly string[]
}

/** An invariant is broken. The message tells the shortest story that breaks it, and how to play it again. */
export class PolicyBroken extends Error {
  readonly _tag = "PolicyBroken"
  override readonly name = "PolicyBroken"
  readonly invariant: string
  readonly story: readonly StoryStep[]
  readonly seed: number
  readonly path: string
  constructor(broken: {
    readonly invariant: string
    readonly why: string
    readonly story: readonly StoryStep[]
    readonly timeline: string
    readonly seed: number
    readonly path: string
  }) {
    const { invariant, why, timeline, seed, path } = broken
    super(
      `broken: ${invariant}\n${timeline}\n  so ${why}\nplay it again with { seed: ${seed}, path: "${path}" }`,
    )
    this.invariant = invariant
    this.story = broken.story
    this.seed = seed
    this.path = path
  }
}

/** What holds for every policy that does what it says: its worst bills, and that a latch serves nothing. */
export const saneInvariants = (
  policy: Policy,
  { overcharges = false }: StoryFaults = {},
): readonly Invariant[] => [
  latchedServesNothing(),
  ...(overcharges ? [] : withinWorstBills(policy)),
]

/**
 * Plays random stories under a policy, in virtual time on the real step, and asks every invariant after each
 * of their steps. Works in any test runner: it returns what was tried, or throws.
 *
 * @throws PolicyBroken with the shortest story that was found
 * @throws RangeError where an invariant names a budget or a dimension that the policy does not have, or `runs` is none
 *
 * @example
 * test("no key spends more than $50 in any hour", () => {
 *   checkPolicy(policy, {
 *     invariants: [neverAbove({ per: ["apiKey"], unit: "usd", amount: 50_000_000_000, within: { anyMs: 3_600_000 } })],
 *   })
 * })
 */
export const checkPolicy = (written: Policy, options: CheckPolicyOptions = {}): Checked => {
  const policy = withRules(written, options.rules)
  const { runs = 300, steps = 30, seed = 42, path = "", faults = {}, traffic } = options
  if (!(runs >= 1)) throw new RangeError(`\`runs\` is \`${runs}\`; give 1 story at least`)
  const invariants = options.invariants ?? saneInvariants(policy, faults)
  if (traffic === undefined) checkNames(policy, invariants)
  const tried = { stories: 0, greed: 0, steps: 0, calls: 0 }
  const tell = (kind: "stories" | "greed", story: readonly StoryStep[]): void => {
    tried[kind] += 1
    tried.steps += story.length
    tried.calls += story.filter((step) => step.kind === "call").length
  }
  const shape = { minLength: 1, maxLength: steps, size: "max" } as const
  const stories =
    traffic === undefined ? anyHistory(policy, { faults, steps }) : fc.array(traffic, shape)
  const isGreed = path.startsWith(GREED)
  const check = { seed, invariants, policy }
  if (!isGreed) findBroken(stories, { ...check, runs, path, tell: (one) => tell("stories", one) })
  if (traffic === undefined && (isGreed || path === ""))
    findBroken(anyGreed(policy, steps), {
      ...check,
      runs: Math.ceil(runs / 4),
      path: path.slice(GREED.length),
      prefix: GREED,
      tell: (one) => tell("greed", one),
    })
  return { ...tried, invariants: invariants.map(({ name }) => name) }
}

/** What begins the path of a story of one payer who takes all that there is. */
const GREED = "greed:"

interface Search {
  readonly policy: Policy
  readonly invariants: readonly Invariant[]
  readonly runs: number
  readonly seed: number
  /** Empty: all stories. */
  readonly path: string
  readonly prefix?: string
  readonly tell: (story: readonly StoryStep[]) => void
}

/** @throws PolicyBroken with the shortest story that was found */
const findBroken = (
  stories: fc.Arbitrary<readonly StoryStep[]>,
  { policy, invariants, runs, seed, path, prefix = "", tell }: Search,
): void => {
  const result = fc.check(
    fc.property(stories, (story) => {
      tell(story)
      return brokenIn(policy, story, invariants) === null
    }),
    { numRuns: runs, seed, ...(path !== "" && { path, endOnFailure: false }) },
  )
  if (!result.failed) return
  const [found] = result.counterexample ?? []
  if (found === undefined) throw result.errorInstance ?? new Error("the check was interrupted")
  const story = shortest(found, (shorter) => brokenIn(policy, shorter, invariants) !== null)
  const where = { seed, path: `${prefix}${result.counterexamplePath ?? ""}` }
  throw brokenBy(policy, story, invariants, where)
}

/** An invariant of a name that nothing has would hold of everything. */
const checkNames = (policy: Policy, invariants: readonly Invariant[]): void => {
  const budgets = new Set(policy.budgets.map(({ id }) => id))
  const dimensions = new Set([PLATFORM, ...policy.budgets.flatMap(({ per }) => per)])
  for (const { name, about } of invariants)
    for (const [what, known, named] of [
      ["budget", budgets, about?.budgets ?? []],
      ["dimension", dimensions, about?.dimensions ?? []],
    ] as const)
      for (const one of named)
        if (!known.has(one))
          throw new RangeError(
            `\`${name}\` names the ${what} \`${one}\`, which the policy does not have; there are ${[...known].join(", ")}`,
          )
}

interface Broken {
  readonly invariant: Invariant
  readonly why: string
  /** The step that breaks it, from 0. */
  readonly at: number
}

const brokenBy = (
  policy: Policy,
  story: readonly StoryStep[],
  invariants: readonly Invariant[],
  where: { readonly seed: number; readonly path: string },
): Error => {
  const broken = brokenIn(policy, story, invariants)
  if (broken === null)
    return new Error(
      "the story breaks nothing when it is played again; is an invariant not deterministic?",
    )
  const told = story.slice(0, broken.at + 1)
  const { invariant, why } = broken
  return new PolicyBroken({
    invariant: invariant.name,
    why,
    story: told,
    timeline: timelineOf(policy, told),
    ...where,
  })
}

/** Plays a story from its start; each invariant that leaves calls out has a twin of it beside. */
const brokenIn = (
  policy: Policy,
  story: readonly StoryStep[],
  invariants: readonly Invariant[],
): Broken | null => {
  const world = new World(policy)
  const watched = invariants.map((invariant) => ({
    invariant,
    test: invariant.watch(),
    twin: invariant.without === undefined ? null : new World(policy),
  }))
  for (const [at, step] of story.entries()) {
    const moment = world.play(step)
    for (const { invariant, test, twin } of watched) {
      const why = test({ ...moment, twin: rulingOf(twin, invariant, step, moment) })
      if (why !== null) return { invariant, why, at }
    }
  }
  return null
}

/** The twin's clock follows the story's, so that its periods are the same, and its calls ask for the same. */
const rulingOf = (
  twin: World | null,
  { without }: Invariant,
  step: StoryStep,
  { atMs, request }: Omit<Moment, "twin">,
): Ruling | null => {
  if (twin === null) return null
  twin.goTo(atMs)
  if (step.kind === "call" && without?.(step) === true) return null
  return twin.play({ ...step, after: { kind: "while", ms: 0 } }, request).ruling
}

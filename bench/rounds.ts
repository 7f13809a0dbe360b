/** One side of a ratio: does `n` units of its work. */
export interface Contender {
  readonly run: (n: number) => void | Promise<void>
}

export interface Ratio {
  readonly name: string
  readonly value: number
  readonly p10: number
  readonly p90: number
  readonly goal: number
  readonly better: "higher" | "lower"
  readonly met: boolean
}

export interface Rival {
  readonly name: string
  readonly goal: number
  readonly better: "higher" | "lower"
  /** `cost`: ours over theirs; `rate`: theirs over ours, how many times faster we are. */
  readonly as: "cost" | "rate"
  readonly ours: Contender
  readonly theirs: Contender
  /** Units of work of one round; chosen so that a round takes some milliseconds. */
  readonly n: number
  /** Where one side does more units for the same work. */
  readonly theirN?: number
  readonly rounds?: number
}

/** Both sides by turns, in turned order, in this one process; the median of the rounds' ratios. */
export const measure = async (rival: Rival): Promise<Ratio> => {
  const { ours, theirs, n, theirN = n, rounds = 31, as, name, goal, better } = rival
  const ratios: number[] = []
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const first = round % 2 === 0
    const one = await timed(first ? ours : theirs, first ? n : theirN)
    const other = await timed(first ? theirs : ours, first ? theirN : n)
    const [mine, their] = first ? [one / n, other / theirN] : [other / n, one / theirN]
    if (round >= 0) ratios.push(as === "cost" ? mine / their : their / mine)
  }
  return median({ name, goal, better }, ratios)
}

/** The median of the rounds' ratios, and where the middle eight of ten lie. */
export const median = (
  { name, goal, better }: Pick<Ratio, "name" | "goal" | "better">,
  ratios: readonly number[],
): Ratio => {
  const sorted = [...ratios].sort((a, b) => a - b)
  const at = (share: number): number =>
    round3(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN)
  const value = at(0.5)
  return {
    name,
    value,
    p10: at(0.1),
    p90: at(0.9),
    goal,
    better,
    met: better === "higher" ? value >= goal : value <= goal,
  }
}

/** A figure that has no spread: a size, a count. */
export const exactly = (bar: Pick<Ratio, "name" | "value" | "goal" | "better">): Ratio => {
  const { value, goal, better } = bar
  const met = better === "higher" ? value >= goal : value <= goal
  return { name: bar.name, value, p10: value, p90: value, goal, better, met }
}

/** Rounds that do not count: until both sides are compiled. */
const WARM_UP = 20

const timed = async ({ run }: Contender, n: number): Promise<number> => {
  const start = performance.now()
  const done = run(n)
  if (done instanceof Promise) await done
  return performance.now() - start
}

const round3 = (value: number): number => Math.round(value * 1_000) / 1_000

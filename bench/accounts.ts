import { coreContender } from "./core.ts"
import { exactly, measure, type Ratio } from "./rounds.ts"

const MANY_SUBJECTS = 250_000
const FEW_SUBJECTS = 25

/** Cost per decision with a million accounts (four a subject) over that with a hundred. */
export const accountsScaling = async (): Promise<Ratio> => {
  const many = coreContender(MANY_SUBJECTS)
  many.run(MANY_SUBJECTS)
  return measure({
    name: "accounts-scaling",
    goal: 1.5,
    better: "lower",
    as: "cost",
    ours: many,
    theirs: coreContender(FEW_SUBJECTS),
    n: 20_000,
  })
}

/** Heap of an account that is used once and idle since: the ledger's own, without what a host keeps of it. */
export const bytesPerIdleAccount = (): Ratio => {
  const { gc } = globalThis
  if (gc === undefined) throw new Error("run it with --expose-gc")
  const collect = (): void => {
    for (let i = 0; i < 3; i += 1) gc()
  }
  const held = filled(100)
  collect()
  const before = process.memoryUsage().heapUsed
  const many = filled(MANY_SUBJECTS / 2)
  collect()
  const bytes =
    (process.memoryUsage().heapUsed - before) / (many.accounts.size - held.accounts.size)
  const bar = { name: "bytes-per-idle-account", goal: 300, better: "lower" } as const
  return exactly({ ...bar, value: Math.round(bytes) })
}

const filled = (subjects: number) => {
  const { ledger, run } = coreContender(subjects)
  run(subjects)
  return ledger
}

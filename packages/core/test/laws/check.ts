import fc from "fast-check"

const RUNS = Number(process.env.LAW_RUNS ?? 400)
const SEED = Number(process.env.LAW_SEED ?? 42)

/** Against a mutant one counterexample is enough, and nobody reads it: it is not shrunk. */
let isMutant = false

/** Runs laws against a subject that should break some of them. */
export const onMutant = <T>(run: () => T): T => {
  isMutant = true
  try {
    return run()
  } finally {
    isMutant = false
  }
}

/** Tries a law; LAW_RUNS says how often, LAW_SEED from where. */
export const check = <T>(arbitrary: fc.Arbitrary<T>, law: (value: T) => void): void =>
  fc.assert(fc.property(arbitrary, law), {
    numRuns: RUNS,
    seed: SEED,
    endOnFailure: isMutant,
  })

export const must = (holds: boolean, why: string): void => {
  if (!holds) throw new Error(why)
}

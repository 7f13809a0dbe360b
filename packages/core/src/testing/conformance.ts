import { LAWS, type LawId } from "./conformance/laws.ts"
import type { ConformanceOptions, Law } from "./conformance/options.ts"

/**
 * The laws that a store must keep, for any runner: each is tried on many histories of commands, made by
 * chance from a seed, beside the core. Running one needs `fast-check`, which is loaded then.
 *
 * @example for (const law of conformanceLaws({ open })) test(law.name, law.run)
 */
export const conformanceLaws = (options: ConformanceOptions): readonly Law[] =>
  (Object.keys(LAWS) as LawId[])
    .filter((id) => id !== "C5" || options.corrupt !== undefined)
    .map((id) => ({
      id,
      name: `${id} ${LAWS[id]}`,
      run: async () => {
        const { tryLaw } = await import("./conformance/tryLaw.ts")
        await tryLaw(id, options)
      },
    }))

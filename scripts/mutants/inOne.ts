import { globSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/*
 * All tests of a mutant as one file: each file of its own would load the domain anew, which takes
 * longer than most of them. What takes longest comes last: the first test that fails ends a mutant.
 */
const TESTS = join(import.meta.dirname, "../../packages/core/test")
const LONGEST = ["pure.test.ts", "scenarios.test.ts", "quickLaws.ts", "differential.test.ts"]

const rankOf = (path: string): number => LONGEST.findIndex((end) => path.endsWith(end))
const paths = (process.env.MUTANT_TESTS ?? "")
  .split(",")
  .flatMap((pattern) => globSync(pattern, { cwd: TESTS }).sort())
  .sort((one, other) => rankOf(one) - rankOf(other))

for (const path of paths) await import(pathToFileURL(join(TESTS, path)).href)

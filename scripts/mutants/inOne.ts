import { globSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"

/*
 * All tests of a mutant as one file: each file of its own would load the domain anew, which takes
 * longer than most of them. The first test that fails ends a mutant: what stands beside the mutated file
 * comes first, and what takes longest last.
 */
const TESTS = join(import.meta.dirname, "../../packages/core/test")
const LONGEST = ["pure.test.ts", "scenarios.test.ts", "quickLaws.ts", "differential.test.ts"]

const [, mutated = "?"] = /\/(domain\/.+)\.ts/.exec(process.env.MUTATED_FILE ?? "") ?? []

const rankOf = (path: string): number =>
  path.startsWith(mutated) ? -2 : LONGEST.findIndex((end) => path.endsWith(end))
const paths = (process.env.MUTANT_TESTS ?? "")
  .split(",")
  .flatMap((pattern) => globSync(pattern, { cwd: TESTS }).sort())
  .sort((one, other) => rankOf(one) - rankOf(other))

for (const path of paths) await import(pathToFileURL(join(TESTS, path)).href)

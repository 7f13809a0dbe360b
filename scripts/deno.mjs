// Holds the portable packages to Deno: configuration, types, tests, and what JSR asks of their sources.
// `node scripts/deno.mjs --write` writes the packages' deno.json anew from their manifests.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { inRoot, isMain, packages, root, run, SOURCE } from "./workspace.mjs"

/** What is decided, kept and written there; the workflow runs the adapters' tests and the laws in Deno too. */
const TESTS = [
  ...["domain", "wire", "scenarios.test.ts"].map((name) => `packages/core/test/${name}`),
  "packages/adapters/test/fetch/sentOnce.test.ts",
]
const STORE = "packages/store-memory/test"
/** They kill processes of Node's make, many times: that is proved there. */
const LEFT_OUT = ["**/lock.test.ts", "**/nothingLost.laws.test.ts"].join(",")
/** The journal with the rights that it needs and no others. */
const JOURNAL = ["--allow-read", "--allow-write", `${STORE}/runtime/deno/journal.ts`]
const FEWER = { DENO_NO_UPDATE_CHECK: "1", LAW_RUNS: "100", TESTS_LEFT_OUT: LEFT_OUT }

/** Types, then tests in Deno's own processes, from unbuilt sources. */
export const checkDeno = async () => {
  const stale = configProblems()
  if (stale.length > 0) return stale
  const sources = portable().flatMap(({ entries }) => entries.map(({ source }) => inRoot(source)))
  const vitest = ["run", "-A", "node_modules/vitest/vitest.mjs", "run", "--pool=forks"]
  return [
    ...(await deno("check", ...sources)),
    ...(await deno("run", ...JOURNAL)),
    ...(await deno(...vitest, "--project", "unit", ...TESTS, STORE)),
  ]
}

/** What a publication on JSR would say of every portable package. */
export const checkJsr = async () => {
  const stale = configProblems()
  return stale.length > 0 ? stale : deno("publish", "--dry-run", "--allow-dirty")
}

const deno = async (...args) => {
  const { code, output } = await run("deno", args, { env: FEWER })
  return code === 0 ? [] : [`deno ${args[0]}:\n${output.trim()}`]
}

/** The members of Deno's workspace; the command line is Node's. */
const portable = () => {
  const { workspace } = JSON.parse(readFileSync(join(root, "deno.json"), "utf8"))
  return packages().filter(({ dir }) => workspace.includes(inRoot(dir)))
}

const configProblems = () =>
  portable()
    .map((each) => ({ path: join(each.dir, "deno.json"), text: configOf(each) }))
    .filter(
      ({ path, text }) => !existsSync(path) || plain(readFileSync(path, "utf8")) !== plain(text),
    )
    .map(
      ({ path }) =>
        `${inRoot(path)} does not say what its package.json says; run \`node scripts/deno.mjs --write\``,
    )

/** Deno and JSR read no package.json of a publication: the same facts in their words. */
const configOf = ({ manifest }) => {
  const { name, version, license, exports, files, peerDependencies, dependencies } = manifest
  const sources = files.filter((folder) => folder !== "dist")
  const ranges = Object.entries({ ...peerDependencies, ...dependencies })
  const foreign = ranges.filter(([, range]) => range !== "workspace:*")
  const config = {
    name,
    version,
    license,
    exports: Object.fromEntries(
      Object.entries(exports).map(([key, paths]) => [key, paths[SOURCE]]),
    ),
    imports: Object.fromEntries(foreign.map(([key, range]) => [key, specifierOf(key, range)])),
    publish: { include: [...sources, "LICENSE", "README.md"] },
  }
  return `${JSON.stringify(config, null, 2)}\n`
}

/** A specifier has no alternatives: the last one, which is the newest. */
const specifierOf = (key, range) => `npm:${key}@${range.split("||").at(-1).trim()}`

const plain = (text) => JSON.stringify(JSON.parse(text))

if (isMain(import.meta.url) && process.argv.includes("--write")) {
  for (const each of portable()) writeFileSync(join(each.dir, "deno.json"), configOf(each))
  await run("biome", ["format", "--write", "packages"])
}

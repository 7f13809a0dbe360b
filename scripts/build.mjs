// Builds every package into its dist; one whose inputs have not changed since is left alone.
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, join } from "node:path"
import { cache, inParallel, isMain, missingSources, packages, root, run } from "./workspace.mjs"

let standing

/** Builds what has changed, once in a process; answers what went wrong, nothing when all stands. */
export const build = () => {
  standing ??= buildAll()
  return standing
}

const buildAll = async () => {
  const missing = missingSources()
  if (missing.length > 0) return missing
  const problems = await inParallel(packages(), buildOne)
  return problems.filter((problem) => problem !== null)
}

const buildOne = async ({ name, dir }) => {
  const stamp = join(cache, `build-${basename(dir)}`)
  const inputs = hashOf(dir)
  const built = existsSync(stamp) && readFileSync(stamp, "utf8") === inputs
  if (built && existsSync(join(dir, "dist"))) return null
  const { code, output } = await run("tsup", ["--config", "../../tsup.config.ts"], { cwd: dir })
  if (code !== 0) return `${name} does not build:\n${output}`
  mkdirSync(cache, { recursive: true })
  writeFileSync(stamp, inputs)
  return null
}

const hashOf = (dir) => {
  const hash = createHash("sha256")
  const shared = ["tsconfig.json", "tsup.config.ts", "pnpm-lock.yaml"].map((file) =>
    join(root, file),
  )
  const sources = readdirSync(join(dir, "src"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
  for (const file of [...shared, join(dir, "package.json"), ...sources])
    hash.update(`${file}\0`).update(readFileSync(file))
  return hash.digest("hex")
}

if (isMain(import.meta.url)) {
  const problems = await build()
  for (const problem of problems) console.error(problem)
  process.exitCode = problems.length === 0 ? 0 : 1
}

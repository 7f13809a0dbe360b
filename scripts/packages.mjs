// Packs every package and holds the tarballs to account: contents, manifests, types, and a real consumer.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { build } from "./build.mjs"
import { cache, inParallel, packages, run } from "./workspace.mjs"

const ALLOWED =
  /^(package\.json|LICENSE|README\.md|incidents\/[\w-]+\.jsonc|(dist|schema|sql|src|bin)\/.+)$/

/** Builds, packs and inspects; answers what is wrong, nothing when all packages could be published. */
export const checkPackages = async () => {
  const unbuilt = await build()
  if (unbuilt.length > 0) return unbuilt
  const packed = await inParallel(packages(), pack)
  const unpacked = packed.filter(({ problem }) => problem !== undefined)
  if (unpacked.length > 0) return unpacked.map(({ problem }) => problem)
  const inspected = await inParallel(packed, inspect)
  return [...inspected.flat(), ...(await consume(packed))]
}

const pack = async ({ name, dir, manifest, entries }) => {
  const folder = join(cache, "packed")
  mkdirSync(folder, { recursive: true })
  const args = ["pack", "--json", "--pack-destination", folder]
  const { code, stdout, output } = await run("pnpm", args, { cwd: dir })
  if (code !== 0) return { problem: `${name} does not pack:\n${output}` }
  const { filename, files } = JSON.parse(stdout)
  return { name, dir, manifest, entries, filename, files: files.map(({ path }) => path) }
}

const inspect = async ({ name, entries, filename, files }) => {
  const problems = strangers(files).map((file) => `${name} packs \`${file}\``)
  const { stdout: manifest } = await run("tar", ["-xOf", filename, "package/package.json"])
  problems.push(...unresolved(manifest).map((range) => `${name} packs the range \`${range}\``))
  const lint = await run("publint", ["run", filename, "--strict"])
  if (lint.code !== 0) problems.push(`publint on ${name}:\n${lint.output}`)
  if (entries.length === 0) return problems
  const types = await run("attw", [filename, "--profile", "esm-only", "--format", "ascii"])
  if (types.code !== 0) problems.push(`attw on ${name}:\n${types.output}`)
  return problems
}

/** Files that no package of ours should hold. */
export const strangers = (files) =>
  files.filter((file) => !ALLOWED.test(file) || /\.test\.|(^|\/)test\//.test(file))

/** Ranges that mean nothing outside the workspace. */
export const unresolved = (manifest) => manifest.match(/"(workspace|catalog):[^"]*"/g) ?? []

/** Unpacks all packages beside what they declare, and nothing else; then imports each entry, runs each command. */
const consume = async (packed) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "spendfuse-")))
  try {
    for (const each of packed) await place(each, join(folder, "node_modules"))
    const results = await inParallel(packed, (each) => use(each, folder))
    return results.flat()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const place = async ({ name, dir, manifest, filename }, modules) => {
  const target = join(modules, name)
  mkdirSync(target, { recursive: true })
  await run("tar", ["-xzf", filename, "-C", target, "--strip-components=1"])
  const declared = { ...manifest.peerDependencies, ...manifest.dependencies }
  const foreign = Object.keys(declared).filter(
    (dependency) => declared[dependency] !== "workspace:*",
  )
  for (const dependency of foreign) {
    const link = join(target, "node_modules", dependency)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(realpathSync(join(dir, "node_modules", dependency)), link, "junction")
  }
}

const use = async ({ name, manifest, entries }, folder) => {
  const imports = entries.map((entry) => `await import(${JSON.stringify(join(name, entry.name))})`)
  const calls = [
    ["--input-type=module", "--eval", imports.join("\n")],
    ...Object.values(manifest.bin ?? {}).map((bin) => [
      join(folder, "node_modules", name, bin),
      "--help",
    ]),
  ]
  const results = await inParallel(calls, (args) => run("node", args, { cwd: folder }))
  return results
    .filter(({ code }) => code !== 0)
    .map(({ output }) => `${name} does not run where it is installed:\n${output}`)
}

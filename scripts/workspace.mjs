// What the other scripts know about this checkout: its packages, and how to run a tool of it.
import { spawn } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { delimiter, join, relative } from "node:path"
import { fileURLToPath } from "node:url"

export const SOURCE = "@spendfuse/source"
export const root = fileURLToPath(new URL("..", import.meta.url))
export const cache = join(root, "node_modules", ".cache", "spendfuse")

/** Every package with its folder, manifest and entries, in the order of their names. */
export const packages = () =>
  readdirSync(join(root, "packages"))
    .map((name) => join(root, "packages", name))
    .filter((dir) => existsSync(join(dir, "package.json")))
    .map((dir) => {
      const manifest = JSON.parse(readFileSync(join(dir, "package.json"), "utf8"))
      const entries = Object.entries(manifest.exports ?? {}).map(([name, paths]) => ({
        name,
        source: join(dir, paths[SOURCE]),
      }))
      return { name: manifest.name, dir, manifest, entries }
    })

/** Exports that name a source which is not there, one sentence each. */
export const missingSources = () =>
  packages().flatMap(({ name, entries }) =>
    entries
      .filter(({ source }) => !existsSync(source))
      .map(
        (entry) => `\`${name}\` exports \`${entry.name}\`, but ${inRoot(entry.source)} is missing`,
      ),
  )

/** A path as people read it: from the root, with slashes. */
export const inRoot = (path) => relative(root, path).replaceAll("\\", "/")

/** Runs a tool of the workspace; answers its exit code, its stdout, and all it said in order. */
export const run = (command, args, { cwd = root, env = {} } = {}) =>
  new Promise((resolve) => {
    const path = join(root, "node_modules", ".bin") + delimiter + process.env.PATH
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, PATH: path, NO_COLOR: "1", FORCE_COLOR: undefined, ...env },
      shell: process.platform === "win32",
    })
    const said = []
    const heard = (stream) =>
      stream.setEncoding("utf8").on("data", (text) => said.push([stream, text]))
    for (const stream of [child.stdout, child.stderr]) heard(stream)
    const textOf = (chunks) => chunks.map(([, text]) => text).join("")
    const close = (code, error = "") =>
      resolve({
        code,
        stdout: textOf(said.filter(([stream]) => stream === child.stdout)),
        output: textOf(said) + error,
      })
    child.on("error", ({ message }) => close(1, message))
    child.on("close", (code) => close(code ?? 1))
  })

/** Whether this module is the script that was started. */
export const isMain = (url) => process.argv[1] === fileURLToPath(url)

/** Runs `work` on each item, at most `width` at a time; answers in the items' order. */
export const inParallel = async (items, work, width = 2) => {
  const results = []
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const index = next
      next += 1
      results[index] = await work(items[index])
    }
  }
  await Promise.all(Array.from({ length: width }, worker))
  return results
}

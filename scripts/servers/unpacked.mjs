// Programs of this system's own packages, unpacked beside the checkout's cache: nothing is installed, no root is needed.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs"
import { delimiter, join } from "node:path"
import { cache } from "../workspace.mjs"

/**
 * Where a program is: at the path a variable names, on PATH, or unpacked.
 * @returns its path and the environment it needs
 * @throws where it cannot be had, with what to install
 */
export const findProgram = ({ variable, names, packages, remedy }) => {
  const given = process.env[variable]
  if (given !== undefined && given !== "") {
    if (!existsSync(given)) throw new Error(`${variable} names no file: set it to ${remedy}`)
    return { program: given, env: process.env }
  }
  const onPath = names.map(lookUp).find((path) => path !== undefined)
  if (onPath !== undefined) return { program: onPath, env: process.env }
  const folder = unpacked(names[0], packages)
  const program =
    folder === null
      ? undefined
      : ["bin", "sbin"].map((bin) => join(folder, "usr", bin, names[0])).find(existsSync)
  if (program === undefined)
    throw new Error(
      `there is no \`${names[0]}\`, and it could not be unpacked from this system's packages: install ${names.join(" or ")}, or set ${variable} to ${remedy}`,
    )
  return { program, env: { ...process.env, LD_LIBRARY_PATH: libraries(folder) } }
}

const lookUp = (name) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

/** Fetched once; two processes at once each make their own, and the first to finish stays. */
const unpacked = (name, packages) => {
  const folder = join(cache, "servers", name)
  if (existsSync(folder)) return folder
  const work = `${folder}.${process.pid}`
  try {
    return fetchInto(work, packages) ? settleAt(work, folder) : null
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

const fetchInto = (work, packages) => {
  for (const part of ["lists/partial", "cache/archives/partial", "debs", "root"])
    mkdirSync(join(work, part), { recursive: true })
  const own = {
    "Dir::State::lists": join(work, "lists"),
    "Dir::Cache": join(work, "cache"),
    "Debug::NoLocking": "1",
    "APT::Sandbox::User": "",
  }
  const options = Object.entries(own).flatMap(([key, value]) => ["-o", `${key}=${value}`])
  const debs = join(work, "debs")
  return (
    ran("apt-get", ["-q", ...options, "update"]) &&
    ran("apt-get", ["-q", ...options, "download", ...packages], debs) &&
    readdirSync(debs).every((deb) => ran("dpkg", ["-x", join(debs, deb), join(work, "root")]))
  )
}

const settleAt = (work, folder) => {
  try {
    renameSync(join(work, "root"), folder)
  } catch (error) {
    if (!existsSync(folder)) throw error
  }
  return folder
}

const ran = (command, args, cwd) =>
  spawnSync(command, args, { cwd, stdio: "ignore", timeout: 120_000 }).status === 0

/** Debian keeps shared libraries in a folder of the machine's own name. */
const libraries = (folder) => {
  const lib = join(folder, "usr", "lib")
  const machines = readdirSync(lib, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return [lib, ...machines.map(({ name }) => join(lib, name))].join(delimiter)
}

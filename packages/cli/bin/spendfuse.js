#!/usr/bin/env node
// Runs the built command line where it is built; in a checkout the sources, on the workspace's own Node.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const built = new URL("../dist/main.js", import.meta.url)
if (existsSync(built)) {
  const { main } = await import(built.href)
  process.exitCode = await main(process.argv.slice(2))
} else {
  const pinned = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url))
  const source = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
  const flags = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
  const node = existsSync(pinned) ? pinned : process.execPath
  const { status } = spawnSync(node, [...flags, source, ...process.argv.slice(2)], {
    stdio: "inherit",
  })
  process.exitCode = status ?? 1
}

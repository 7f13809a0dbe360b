#!/usr/bin/env node
// Installed, it runs what was built; in a checkout the sources, on the workspace's own Node.
import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { constants } from "node:os"
import { fileURLToPath } from "node:url"

const installed = import.meta.url.includes("/node_modules/")
if (installed) {
  const { main } = await import("../dist/main.js")
  process.exitCode = await main(process.argv.slice(2))
} else {
  const pinned = fileURLToPath(new URL("../../../node_modules/.bin/node", import.meta.url))
  const source = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
  const flags = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
  const node = existsSync(pinned) ? pinned : process.execPath
  const child = spawn(node, [...flags, source, ...process.argv.slice(2)], { stdio: "inherit" })
  // A terminal tells both of Ctrl-C; what is sent to this process alone must reach the other.
  process.on("SIGINT", () => undefined)
  for (const name of ["SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name))
  child.on("exit", (status, signal) => {
    process.exitCode = status ?? 128 + (constants.signals[signal] ?? 0)
  })
}

// Sets up a fresh clone with nothing but Node and npm; does nothing once that is done, or under pnpm.
import { spawnSync } from "node:child_process"
import { existsSync, statSync } from "node:fs"

const PNPM = "pnpm@12.21.0"
const lockfile = new URL("../pnpm-lock.yaml", import.meta.url)
const installed = new URL("../node_modules/.modules.yaml", import.meta.url)

const underPnpm = (process.env.npm_config_user_agent ?? "").startsWith("pnpm/")
const fresh = existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs
if (!underPnpm && !fresh) {
  console.error(`setting up: installing the pinned dependencies with ${PNPM} (under a minute)`)
  const { status } = spawnSync("npx", ["-y", PNPM, "install", "--frozen-lockfile"], {
    cwd: new URL("..", import.meta.url),
    // What the installer says goes to stderr: stdout belongs to the command that follows.
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  })
  if (status !== 0) {
    console.error("set-up failed: run the command again where your npm registry can be reached")
    process.exit(1)
  }
}

// What all servers need: a free port, a folder that goes with the process, a child that does not outlive it.
import { spawn } from "node:child_process"
import { chownSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

/** Below what the kernel gives to outgoing connections: a server that was killed finds its port free again. */
const PORT_MIN = 12_000
const PORT_MAX = 32_000

/** As root, PostgreSQL and PgBouncer refuse to run: they run as nobody. */
export const DROPPED = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

/** Servers start side by side, and the one that was given a port does not listen at it yet. */
const given = new Set()

/** A port that nobody listens at just now, and that this process has given to nobody. */
export const freePort = async () => {
  for (;;) {
    const port = PORT_MIN + Math.floor(Math.random() * (PORT_MAX - PORT_MIN))
    if (given.has(port)) continue
    given.add(port)
    if (await canListen(port)) return port
  }
}

const canListen = (port) =>
  new Promise((resolve) => {
    const server = createServer()
    server.once("error", () => resolve(false))
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
  })

/** Asks until it is so, for at most two minutes. */
export const until = async (what, isSo) => {
  const endMs = performance.now() + 120_000
  while (!(await isSo())) {
    if (performance.now() > endMs) throw new Error(`${what} did not come up within 120 s`)
    await sleep(20)
  }
}

/** What is undone when this process ends, in whatever way it can still hear of. */
const leftovers = new Set()
process.on("exit", () => {
  for (const undo of leftovers) undo()
})
// Test runners end their workers so; without this, `exit` would not come.
process.once("SIGTERM", () => process.exit(143))

/** A temporary folder, and how to remove it; with `owner` it belongs to that user. */
export const temporaryFolder = (name, owner = {}) => {
  const path = mkdtempSync(join(tmpdir(), `spendfuse-${name}-`))
  if (owner.uid !== undefined) chownSync(path, owner.uid, owner.gid)
  const undo = () => rmSync(path, { recursive: true, force: true })
  leftovers.add(undo)
  return {
    path,
    remove: () => {
      leftovers.delete(undo)
      undo()
    },
  }
}

/**
 * Starts a server's process, which says nothing; `isReady` says when it can be used.
 * @throws where it ends before that, with the last lines it said
 */
export const launch = async (program, args, options, isReady) => {
  const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
  const undo = () => child.kill(options.atExit ?? "SIGKILL")
  leftovers.add(undo)
  let said = ""
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text) => {
      said = (said + text).slice(-2_000)
    })
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve(error.message))
    child.once("close", (code, signal) => resolve(`it ended with ${code ?? signal}`))
  })
  ended.then(() => leftovers.delete(undo))
  let over
  ended.then((how) => {
    over = how
  })
  await until(program, async () => {
    if (over !== undefined) throw new Error(`\`${program}\` did not start: ${over}\n${said}`)
    return isReady()
  })
  return {
    pid: child.pid,
    /** Sends the signal and waits for the end. */
    end: async (signal) => {
      child.kill(signal)
      await ended
    },
  }
}

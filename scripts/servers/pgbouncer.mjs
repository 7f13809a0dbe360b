// PgBouncer before a PostgreSQL, in transaction mode: a session's state does not outlive a transaction.
import { spawnSync } from "node:child_process"
import { chmodSync, cpSync, writeFileSync } from "node:fs"
import { basename, delimiter, join } from "node:path"
import { DROPPED, freePort, launch, temporaryFolder } from "./ports.mjs"
import { accepts } from "./postgres.mjs"
import { findProgram } from "./unpacked.mjs"

/** Starts it before the server at `pgUrl`, which must trust the user its URL names. */
export const startPgbouncer = async ({ pgUrl, poolSize = 10 }) => {
  const folder = temporaryFolder("pgbouncer", DROPPED)
  const port = await freePort()
  const config = join(folder.path, "pgbouncer.ini")
  writeFileSync(config, configOf(new URL(pgUrl), port, poolSize))
  const { program, env } = runnable(folder.path)
  const { pathname, username } = new URL(pgUrl)
  const url = `postgres://${username}@127.0.0.1:${port}${pathname}`
  const server = await launch(program, [config], { env, ...DROPPED }, () => accepts(url))
  return {
    url,
    port,
    pid: server.pid,
    stop: async () => {
      await server.end("SIGKILL")
      folder.remove()
    },
  }
}

const configOf = ({ hostname, port, pathname, username }, ownPort, poolSize) => `[databases]
${pathname.slice(1)} = host=${hostname} port=${port} user=${username}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = ${poolSize}
max_client_conn = 500
`

/** As it was found, or a copy where another user cannot run it in place. */
const runnable = (folder) => {
  const found = findProgram({
    variable: "SPENDFUSE_PGBOUNCER",
    names: ["pgbouncer"],
    packages: ["pgbouncer", "libevent-2.1-7", "libc-ares2"],
    remedy: "the path of a `pgbouncer`",
  })
  const { program, env } = found
  if (spawnSync(program, ["--version"], { env, ...DROPPED }).status === 0) return found
  const copy = join(folder, basename(program))
  cpSync(program, copy)
  chmodSync(copy, 0o755)
  const own = (env.LD_LIBRARY_PATH ?? "").split(delimiter).filter((path) => path !== "")
  const copied = own.map((path, place) => {
    const target = join(folder, `lib${place}`)
    if (place > 0) cpSync(path, target, { recursive: true, verbatimSymlinks: true })
    return target
  })
  return { program: copy, env: { ...env, LD_LIBRARY_PATH: copied.join(delimiter) } }
}

import { readFileSync, rmSync, writeFileSync } from "node:fs"
import { hostname } from "node:os"
import process from "node:process"

/** The journal cannot be used here: somebody else has it, or its place does not allow it. Nothing was changed. */
export class JournalUnusable extends Error {
  readonly _tag = "JournalUnusable"
  override readonly name = "JournalUnusable"
  readonly reason: "in-use" | "no-directory" | "no-lock"
  constructor(reason: JournalUnusable["reason"], message: string, cause?: unknown) {
    super(message, { cause })
    this.reason = reason
  }
}

export interface Lock {
  readonly release: () => void
}

/**
 * The one writer's lock on a journal, held by the operating system as SQLite's lock on the empty file
 * `path.lock`: it ends with its process however that ends, so that a take-over needs no guess about
 * process numbers, which begin anew in each container. The file stays where it is; who holds the lock is
 * in `path.holder`, for people.
 *
 * @throws JournalUnusable where another journal object, here or elsewhere, has it
 */
export const lockOf = (path: string): Lock => {
  const database = opened(path)
  try {
    database.exec("BEGIN EXCLUSIVE")
  } catch (error) {
    database.close()
    if (isBusy(error)) throw new JournalUnusable("in-use", inUse(path), error)
    throw new JournalUnusable("no-lock", cannotLock(path), error)
  }
  writeHolder(path)
  return {
    release: () => {
      rmSync(`${path}.holder`, { force: true })
      database.close()
    },
  }
}

/** For people alone: a full disk must not keep the journal from being read. */
const writeHolder = (path: string): void => {
  const holder = { pid: process.pid, host: hostName(), since: new Date().toISOString() }
  try {
    writeFileSync(`${path}.holder`, `${JSON.stringify(holder)}\n`)
  } catch {
    rmSync(`${path}.holder`, { force: true })
  }
}

/** Deno may not be allowed to tell it. */
const hostName = (): string => {
  try {
    return hostname()
  } catch {
    return "this host"
  }
}

interface Database {
  readonly exec: (sql: string) => void
  readonly close: () => void
}

const opened = (path: string): Database => {
  const sqlite = process.getBuiltinModule?.("node:sqlite")
  if (sqlite === undefined)
    throw new JournalUnusable(
      "no-lock",
      `journal \`${path}\` needs the locks of \`node:sqlite\`; use Node 22.13, Deno 2.2 or newer`,
    )
  try {
    return new sqlite.DatabaseSync(`${path}.lock`)
  } catch (error) {
    throw new JournalUnusable("no-lock", cannotLock(path), error)
  }
}

/** SQLITE_BUSY is 5; Deno tells it by its words alone. */
const isBusy = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as { errcode?: unknown }).errcode === 5 || error.message.includes("database is locked"))

const inUse = (path: string): string =>
  `journal \`${path}\` is in use by ${holderOf(path)}; stop that one, or give this one a path of its own`

const cannotLock = (path: string): string =>
  `journal \`${path}\` cannot be locked by \`${path}.lock\`; keep it on a local disk, in a directory that this process may write`

const holderOf = (path: string): string => {
  try {
    const { pid, host, since } = JSON.parse(readFileSync(`${path}.holder`, "utf8")) as Record<
      string,
      unknown
    >
    return `process ${String(pid)} on \`${String(host)}\` since ${String(since)}`
  } catch {
    return "another process"
  }
}

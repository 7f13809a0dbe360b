// Hosts in processes of their own.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"

const CHILD = fileURLToPath(new URL("./child.mjs", import.meta.url))
const SOURCES = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]

/** Starts one and waits until it is ready. `kill()` is SIGKILL. */
export const forkHost = async (place, settings, journal) => {
  const child = fork(CHILD, [JSON.stringify({ place, settings })], { execArgv: SOURCES })
  const tell = journal.of(settings.name)
  const ended = new Promise((resolve) => child.once("exit", resolve))
  const waiting = new Map()
  child.on("message", (message) => {
    waiting.get(message.kind)?.()
    if (message.kind !== "ready" && message.kind !== "made") tell(message)
  })
  const heard = (kind) => new Promise((resolve) => waiting.set(kind, resolve))
  const say = (message) => {
    if (child.connected) child.send(message, () => undefined)
  }
  await Promise.race([heard("ready"), ended])
  if (child.exitCode !== null) throw new Error(`a host ended at its start: ${child.exitCode}`)
  return {
    name: settings.name,
    calls: (count, width) => {
      const made = heard("made")
      say({ kind: "calls", count, width })
      return Promise.race([made, ended])
    },
    kill: async () => {
      child.kill("SIGKILL")
      await ended
      journal.died(settings.name)
    },
    stop: async () => {
      say({ kind: "stop" })
      await ended
    },
  }
}

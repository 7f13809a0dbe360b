// Hosts that can be killed: processes on a server, or views of one memory in this process.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { startHost } from "./host.mjs"

const CHILD = fileURLToPath(new URL("./child.mjs", import.meta.url))

/** Starts hosts in processes of their own. `kill()` is SIGKILL. */
export const processHosts = (place, url) => async (first) => {
  const execArgv = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]
  const child = fork(CHILD, [JSON.stringify({ place, url, first })], { execArgv })
  const ended = new Promise((resolve) => child.once("exit", resolve))
  const told = (kind) =>
    new Promise((resolve) => {
      const listen = (message) => {
        if (message.kind !== kind) return
        child.off("message", listen)
        resolve()
      }
      child.on("message", listen)
    })
  await Promise.race([told("ready"), ended])
  const tell = (message) => {
    if (child.connected) child.send(message, () => undefined)
  }
  return {
    make: (events) => {
      const made = told("made")
      tell({ kind: "make", events })
      return Promise.race([made, ended])
    },
    kill: async () => {
      child.kill("SIGKILL")
      await ended
    },
    stop: async () => {
      tell({ kind: "stop" })
      await ended
    },
  }
}

/** Starts hosts on views of one memory. `kill()` cuts the view: what the host was about to say is never said. */
export const memoryHosts = (memory, url) => async (first) => {
  const { view, cut, killed } = memory.viewOf()
  const host = startHost(view, url, killed)
  const dead = new Promise((resolve) => killed.addEventListener("abort", resolve, { once: true }))
  return {
    make: (events) => Promise.race([host.make(events, first), dead]),
    kill: async () => {
      cut()
      void host.stop().catch(() => undefined)
    },
    stop: () => host.stop(),
  }
}

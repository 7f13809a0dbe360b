// Hosts on trial: processes on a server, or engines over one memory in this process.
import { fork } from "node:child_process"
import { fileURLToPath } from "node:url"
import { memoryStore } from "@spendfuse/store-memory"
import { openStore } from "../chaos/stores.mjs"
import { openHost } from "./host.mjs"

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const SOURCES = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]

/** Starts one host for each order; answers them with a store of the judge's own. */
export const startHosts = async (place, orders) => {
  if (place.store === "memory") {
    const store = memoryStore({ eventsKept: 100_000 })
    const shared = { ...store, close: async () => undefined }
    return { store, hosts: orders.map((order) => openHost(shared, order)) }
  }
  const store = openStore(place)
  await store.read(["all/all"])
  return { store, hosts: await Promise.all(orders.map((order) => forked(place, order))) }
}

const forked = async (place, order) => {
  const child = fork(at("./child.mjs"), [JSON.stringify({ place, order })], {
    execArgv: SOURCES,
    execPath: at("../../node_modules/.bin/node"),
  })
  const ended = new Promise((resolve) => child.once("exit", resolve))
  const early = ended.then((code) => {
    throw new Error(`a host ended by itself with ${code}`)
  })
  early.catch(() => undefined)
  const heard = (kind) =>
    Promise.race([
      early,
      new Promise((resolve) => {
        child.on("message", (message) => {
          if (message.kind === kind) resolve(message)
        })
      }),
    ])
  await heard("ready")
  return {
    run: async () => {
      child.send("run")
      return (await heard("ran")).book
    },
    close: async () => {
      const last = heard("ended")
      child.send("end")
      const { told } = await last
      await ended
      return told
    },
  }
}

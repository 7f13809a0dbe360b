// A host in a process of its own: ready, then told to run, then to end.
import { openStore } from "../chaos/stores.mjs"
import { openHost } from "./host.mjs"

const { place, order } = JSON.parse(process.argv[2] ?? "{}")
const store = openStore(place)
await store.read(["all/all"])
const host = openHost(store, order)
process.on("disconnect", () => process.exit(0))
process.on("message", async (message) => {
  if (message === "run") {
    process.send?.({ kind: "ran", book: await host.run() })
    return
  }
  process.send?.({ kind: "ended", told: await host.close() }, () => process.exit(0))
})
process.send?.({ kind: "ready" })

// A host in a process of its own, so that it can be killed. Told by the parent: make(n), and stop.
import { startHost } from "./host.mjs"
import { openStore } from "./stores.mjs"

const { place, url, first } = JSON.parse(process.argv[2] ?? "{}")
const host = startHost(openStore(place), url)
process.on("disconnect", () => process.exit(0))
process.on("message", async (message) => {
  if (message.kind === "make") {
    await host.make(message.events, first)
    process.send?.({ kind: "made" })
  } else {
    await host.stop()
    process.exit(0)
  }
})
process.send?.({ kind: "ready" })

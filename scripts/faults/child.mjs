// A host in a process of its own, so that it can be killed. Told by the parent: how many calls to make, and to stop.
import { startHost } from "./host.mjs"
import { openStore } from "./places.mjs"

const { place, settings } = JSON.parse(process.argv[2] ?? "{}")
const tell = (message) => process.send?.(message)
const host = startHost(openStore(place), settings, tell)
process.on("disconnect", () => process.exit(0))
process.on("message", async ({ kind, count, width }) => {
  if (kind === "calls") {
    await host.calls(count, width)
    tell({ kind: "made" })
  } else {
    await host.stop()
    process.exit(0)
  }
})
tell({ kind: "ready" })

/* Opens a store on the journal at the path, says who has it, and stays until it is killed, or for so long. */
import process from "node:process"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"

const [path = "", forMs = "0"] = process.argv.slice(2)
try {
  memoryStore({ journal: fileJournal({ path, fsync: "never", onNotice: () => undefined }) })
  console.log(`open ${process.pid}`)
  setTimeout(() => process.exit(0), Number(forMs))
} catch (error) {
  console.log(error instanceof Error ? `${error.name}: ${error.message}` : "failed")
}

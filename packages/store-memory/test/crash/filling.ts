/* Charges one nano after the other until the disk takes no more; says how many were answered, and what came then. */
import process from "node:process"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { charge, NOW_MS } from "./commands.ts"

const [path = ""] = process.argv.slice(2)
const store = memoryStore({
  journal: fileJournal({ path, fsync: "never", onNotice: () => undefined }),
  nowMs: () => NOW_MS,
})
const attempt = (n: number): string => {
  try {
    return store.applyNow(charge(n, "a", 1)).outcome.kind
  } catch (error) {
    return error instanceof Error ? error.name : "failed"
  }
}
let answered = 0
while (answered < 1_000 && attempt(answered + 1) === "charged") answered += 1
const after = [attempt(answered + 1), attempt(answered + 2)]
console.log(JSON.stringify({ answered, after }))

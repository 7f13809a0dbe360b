import { memoryStore } from "@spendfuse/store-memory"
import { it } from "vitest"
import { movesManyDue } from "../../core/test/attack/manyDue.ts"

it("5,000 accounts that are due at once are moved soon, as the core moves them", async () => {
  await movesManyDue((nowMs) => memoryStore({ nowMs }))
})

import { inject, it, onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { movesManyDue } from "../../core/test/attack/manyDue.ts"
import { redisStore } from "../src/index.ts"

it("5,000 accounts that are due at once are moved soon, as the core moves them", async () => {
  const url = inject("redisUrl")
  await movesManyDue((nowMs) => {
    const store = redisStore({ url, prefix: freshName("due"), nowMs })
    onTestFinished(() => store.close())
    return store
  })
})

import pg from "pg"
import { inject, it, onTestFinished } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { movesManyDue } from "../../core/test/attack/manyDue.ts"
import { postgresStore } from "../src/index.ts"

it("5,000 accounts that are due at once are moved soon, as the core moves them", async () => {
  const url = inject("postgresUrl")
  const schema = freshName("due")
  await movesManyDue((nowMs) => {
    const store = postgresStore({ url, schema, migrate: true, nowMs })
    onTestFinished(async () => {
      await store.close()
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(`drop schema ${schema} cascade`)
      await client.end()
    })
    return store
  })
})

// Writes packages/core/schema/*.json from what reads policies and scenarios; a test says when they are stale.
// Run it as `node_modules/.bin/node --conditions=@spendfuse/source scripts/schemas.mjs`.
import { mkdirSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { policyJsonSchema, scenarioJsonSchema } from "../packages/core/src/testing/jsonSchema.ts"
import { run } from "./workspace.mjs"

const folder = new URL("../packages/core/schema/", import.meta.url)
mkdirSync(folder, { recursive: true })
const write = (name, schema) =>
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`)

write("policy.json", policyJsonSchema())
write("scenario.json", scenarioJsonSchema())
const { code, output } = await run("biome", ["format", "--write", fileURLToPath(folder)])
if (code !== 0) throw new Error(output)

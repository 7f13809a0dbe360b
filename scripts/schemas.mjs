// Writes packages/core/schema/*.json from what reads policies, scenarios and fleets, and packages/cli/schema/gateway.json from
// what reads a gateway's config; tests say when they are stale.
// Run it as `node_modules/.bin/node --conditions=@spendfuse/source scripts/schemas.mjs`.
import { mkdirSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gatewayJsonSchema } from "../packages/cli/src/gateway/jsonSchema.ts"
import {
  fleetJsonSchema,
  policyJsonSchema,
  scenarioJsonSchema,
} from "../packages/core/src/testing/jsonSchema.ts"
import { run } from "./workspace.mjs"

const core = new URL("../packages/core/schema/", import.meta.url)
const cli = new URL("../packages/cli/schema/", import.meta.url)
const write = (folder, name, schema) => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(name, folder), `${JSON.stringify(schema, null, 2)}\n`)
}

write(core, "policy.json", policyJsonSchema())
write(core, "scenario.json", scenarioJsonSchema())
write(core, "fleet.json", fleetJsonSchema())
write(cli, "gateway.json", gatewayJsonSchema())
const folders = [core, cli].map((folder) => fileURLToPath(folder))
const { code, output } = await run("biome", ["format", "--write", ...folders])
if (code !== 0) throw new Error(output)

import { readdirSync, readFileSync } from "node:fs"
import { parse } from "jsonc-parser"
import { expect, inject, it } from "vitest"
import { freshName } from "../../../scripts/servers/index.mjs"
import { decodeScenario, type OpenStore, play, type Scenario } from "../../core/src/lab.ts"
import { redisStore } from "../src/index.ts"

const folder = new URL("../../core/test/scenarios/", import.meta.url)
const files = readdirSync(folder).filter((name) => name.endsWith(".jsonc"))
const url = inject("redisUrl")

/** A prefix of its own for each; a restart opens the same one anew. */
const open: OpenStore = async (nowMs) => {
  const prefix = freshName("played")
  const opened = () => ({
    store: redisStore({ url, prefix, nowMs }),
    restart: async () => opened(),
  })
  return opened()
}

const load = (name: string): Scenario => {
  const decoded = decodeScenario(parse(readFileSync(new URL(name, folder), "utf8")))
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.problems))
  return decoded.scenario
}

it.each(files)("%s", async (name) => {
  const missed = (await play(load(name), open)).flatMap(({ step, missed: fields }) =>
    fields.map((field) => ({ step, ...field })),
  )
  expect(missed).toEqual([])
})

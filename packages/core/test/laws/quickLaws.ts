import { describe, it } from "vitest"
import * as core from "../../src/domain.ts"
import { priceLaws } from "../prices/priceLaws.ts"
import { laws } from "./laws.ts"

const all = [...laws, ...priceLaws]

/** The laws against the sources as they are loaded: what a mutation test runs for each of its mutants. */
describe("the core", () => {
  it.each(all.map((law) => [`${law.id} ${law.name}`, law] as const))("holds: %s", (_, law) => {
    law.holds(core)
  })
})

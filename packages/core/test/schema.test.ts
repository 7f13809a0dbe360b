import { readdirSync, readFileSync } from "node:fs"
import { Ajv2020 } from "ajv/dist/2020.js"
import { parse } from "jsonc-parser"
import { describe, expect, it } from "vitest"
import { decodePolicy } from "../src/edge/policy.ts"
import { seedPolicyJson } from "../src/edge/seedPolicy.ts"
import { decodeFleet, decodeScenario } from "../src/lab.ts"
import { fleetJsonSchema, policyJsonSchema, scenarioJsonSchema } from "../src/testing/jsonSchema.ts"

const published = (name: string): object =>
  JSON.parse(readFileSync(new URL(`../schema/${name}`, import.meta.url), "utf8"))

const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true })
ajv.addSchema(published("policy.json"), "policy.json")
ajv.addSchema(published("scenario.json"), "scenario.json")
ajv.addSchema(published("fleet.json"), "fleet.json")
const isPolicy = (value: unknown) => ajv.validate("policy.json", value) === true
const isScenario = (value: unknown) => ajv.validate("scenario.json", value) === true

const seed = seedPolicyJson({ hourlyUsd: 50, dailyUsd: 300 })
const budget = seed.budgets[0]

describe("the published JSON Schemas", () => {
  it("are those of today", () => {
    expect(published("policy.json")).toEqual(JSON.parse(JSON.stringify(policyJsonSchema())))
    expect(published("scenario.json")).toEqual(JSON.parse(JSON.stringify(scenarioJsonSchema())))
    expect(published("fleet.json")).toEqual(JSON.parse(JSON.stringify(fleetJsonSchema())))
  })

  it.each<[string, unknown]>([
    ["the seed", seed],
    ["one that names its schema", { $schema: "./policy.json", ...seed }],
    ["one of a single budget", { ...seed, budgets: [{ ...budget, window: { sliding: "1h" } }] }],
    ["one with fallbacks", { ...seed, fallbacks: { cheap: { model: "gpt-5-mini" } } }],
  ])("take a good policy: %s", (_, policy) => {
    expect(isPolicy(policy)).toBe(true)
    expect(decodePolicy(policy)).toMatchObject({ ok: true })
  })

  it.each<[string, unknown]>([
    ["no object", []],
    ["no budgets", { ...seed, budgets: undefined }],
    ["an unknown field", { ...seed, budget: [] }],
    ["an unknown field of a budget", { ...seed, budgets: [{ ...budget, limt: 1 }] }],
    ["a limit of no form", { ...seed, budgets: [{ ...budget, limit: 50 }] }],
    ["an unknown window", { ...seed, budgets: [{ ...budget, window: "hourly" }] }],
    ["an unknown rule", { ...seed, onStoreUnavailable: "shrug" }],
    ["block: false", { ...seed, budgets: [{ ...budget, tiers: [{ at: "100%", block: false }] }] }],
  ])("refuse what is no policy: %s", (_, policy) => {
    const json = JSON.parse(JSON.stringify(policy))
    expect(isPolicy(json)).toBe(false)
    expect(decodePolicy(json)).toMatchObject({ ok: false })
  })

  it("take every incident of the library", () => {
    const folder = new URL("../../cli/incidents/", import.meta.url)
    const names = readdirSync(folder).filter((file) => file.endsWith(".jsonc"))
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) {
      const json = parse(readFileSync(new URL(name, folder), "utf8"))
      const isFleet = ajv.validate("fleet.json", json)
      expect([name, isFleet, ajv.errorsText()]).toEqual([name, true, "No errors"])
      expect([name, decodeFleet(json)]).toMatchObject([name, { ok: true }])
    }
  })

  it("take every scenario of this project", () => {
    const folder = new URL("scenarios/", import.meta.url)
    for (const name of readdirSync(folder).filter((file) => file.endsWith(".jsonc"))) {
      // Amounts that are bad on purpose are the product's to judge; an editor may underline them.
      if (name === "bad-amounts.jsonc") continue
      const json = parse(readFileSync(new URL(name, folder), "utf8"))
      expect([name, isScenario(json), ajv.errorsText()]).toEqual([name, true, "No errors"])
    }
  })

  it.each<[string, unknown]>([
    ["an unknown step", { resrve: "a", subject: {} }],
    ["an unknown field", { reserve: "a", subject: {}, amout: {} }],
    ["an unknown expectation", { expire: true, expect: { event: [] } }],
    ["a count where none is", { expire: true, expect: { refused: 1 } }],
    ["an inner expectation", { parallel: [{ expire: true, expect: { events: [] } }] }],
    ["a restart of many at once", { parallel: [{ restart: true }] }],
    ["a settle of nothing", { settle: "a" }],
  ])("refuse what is no scenario: %s", (_, step) => {
    const scenario = { title: "t", policy: seed, start: "2026-01-15T10:00:00Z", steps: [step] }
    expect(isScenario(scenario)).toBe(false)
    expect(decodeScenario(scenario)).toMatchObject({ ok: false })
  })
})

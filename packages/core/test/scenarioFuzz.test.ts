import { readdirSync, readFileSync } from "node:fs"
import fc from "fast-check"
import { parse } from "jsonc-parser"
import { describe, expect, it } from "vitest"
import { memoryStore } from "../../store-memory/src/index.ts"
import { decodeScenario, play, playedMemory } from "../src/lab.ts"

const SEED = Number(process.env.LAW_SEED ?? 20_260_115)
const RUNS = Number(process.env.LAW_RUNS ?? 400)

const openMemory = playedMemory(memoryStore)

const folder = new URL("scenarios/", import.meta.url)
const files = readdirSync(folder)
  .filter((name) => name.endsWith(".jsonc"))
  .map((name) => readFileSync(new URL(name, folder), "utf8"))

const anything = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 0.5, 2 ** 53, 1e300, "", "1s", "-11m", "100%"),
  fc.constantFrom<unknown>("__proto__", "2026-01-15T10:00:00Z", "k1", [], {}, { usdNano: 3 }, [
    "a",
  ]),
  fc.string({ maxLength: 8 }),
  fc.jsonValue({ maxDepth: 2 }),
)

/** Puts `value` at one of the places of `json`, the `pick`-th of all. */
const spoiled = (json: unknown, pick: number, value: unknown): unknown => {
  const places: (() => void)[] = []
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return
    for (const key of Object.keys(node)) {
      const parent = node as Record<string, unknown>
      places.push(() => {
        parent[key] = value
      })
      visit(parent[key])
    }
  }
  visit(json)
  places[pick % places.length]?.()
  return json
}

describe("a spoiled scenario", () => {
  it("is a bad file with paths, or is played to its end: never a crash", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...files), fc.nat(), anything, async (text, pick, value) => {
        const decoded = decodeScenario(spoiled(parse(text), pick, value))
        if (decoded.ok) {
          const played = await play(decoded.scenario, openMemory)
          expect(played.length).toBe(decoded.scenario.steps.length)
          for (const { outcome } of played) expect(typeof outcome.kind).toBe("string")
          return
        }
        expect(decoded.problems.length).toBeGreaterThan(0)
        for (const { path, message } of decoded.problems) {
          expect(typeof path).toBe("string")
          expect(message).not.toBe("")
        }
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })

  it("of any JSON is a bad file", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(decodeScenario(value).ok).toBe(false)
      }),
      { seed: SEED, numRuns: RUNS },
    )
  })
})

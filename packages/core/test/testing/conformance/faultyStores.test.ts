import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../../store-memory/src/index.ts"
import { playedMemory } from "../../../src/lab.ts"
import { type Store, StoreCorrupt } from "../../../src/ports.ts"
import { type ConformanceOptions, conformanceLaws, faultyStores } from "../../../src/testing.ts"

const RUNS = 300

describe("a planted fault is convicted, by the law that is about it", () => {
  for (const { name, law, open } of faultyStores(memoryStore))
    it(`${law}: ${name}`, async () => {
      const found = conformanceLaws({ open, runs: RUNS, shrinkMs: 0 }).find(({ id }) => id === law)
      await expect(found?.run()).rejects.toThrow(new RegExp(`^${law} [\\s\\S]* differs`))
    })
})

/** A store in memory, some of whose accounts a newer version has written. */
const spoilable = (meet: (key: string) => void): ConformanceOptions => {
  const spoiled = new Set<string>()
  const meetAll = (keys: readonly string[]): void => {
    for (const key of keys) if (spoiled.has(key)) meet(key)
  }
  const make = (options: Parameters<typeof memoryStore>[0]): Store => {
    const sound = memoryStore({ ...options, history: true })
    return {
      ...sound,
      apply: async (commands) => {
        for (const command of commands) if (command.kind === "trip") meetAll([command.account])
        return sound.apply(commands)
      },
      read: async (keys) => {
        meetAll(keys)
        return sound.read(keys)
      },
    }
  }
  return {
    open: ({ nowMs }) => {
      spoiled.clear()
      return playedMemory(make)(nowMs)
    },
    corrupt: async (_, { key }) => {
      spoiled.add(key)
    },
  }
}

describe("what a newer version wrote", () => {
  const lawOf = (options: ConformanceOptions) =>
    conformanceLaws({ ...options, runs: RUNS, shrinkMs: 0 }).find(({ id }) => id === "C5")

  it("a store that says so is acquitted", async () => {
    let met = 0
    const options = spoilable((key) => {
      met += 1
      throw new StoreCorrupt("memory", key)
    })
    await lawOf(options)?.run()
    expect(met).toBeGreaterThan(20)
  })

  it("C5: one that guesses is convicted", async () => {
    await expect(lawOf(spoilable(() => undefined))?.run()).rejects.toThrow(/^C5 [\s\S]* differs/)
  })
})

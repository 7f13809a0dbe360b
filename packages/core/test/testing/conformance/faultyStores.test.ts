import { describe, expect, it } from "vitest"
import { memoryStore } from "../../../../store-memory/src/index.ts"
import { conformanceLaws, faultyStores } from "../../../src/testing.ts"

const RUNS = 300

describe("a planted fault is convicted, by the law that is about it", () => {
  for (const { name, law, open } of faultyStores(memoryStore))
    it(`${law}: ${name}`, async () => {
      const found = conformanceLaws({ open, runs: RUNS, shrinkMs: 0 }).find(({ id }) => id === law)
      await expect(found?.run()).rejects.toThrow(new RegExp(`^${law} [^]* differs`))
    })
})

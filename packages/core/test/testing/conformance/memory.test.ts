import { describe, it } from "vitest"
import { memoryStore } from "../../../../store-memory/src/index.ts"
import { playedMemory } from "../../../src/lab.ts"
import { conformanceLaws, type OpenEmpty } from "../../../src/testing.ts"

const RUNS = Number(process.env.LAW_RUNS ?? 60)
const SEED = Number(process.env.LAW_SEED ?? 42)

const ranked: typeof memoryStore = (options) => memoryStore({ ...options, history: true })
const open: OpenEmpty = ({ nowMs }) => playedMemory(ranked)(nowMs)

describe("the memory store keeps the laws of stores", () => {
  for (const { name, run } of conformanceLaws({ open, runs: RUNS, seed: SEED })) it(name, run)
})

import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const sourceOf = (path: string): string =>
  fileURLToPath(new URL(`../../packages/core/src/${path}`, import.meta.url))

/** The memory store must run the mutated core, and not the one that its name leads to outside the sandbox. */
const alias = [
  { find: /^@spendfuse\/core\/(.+)$/, replacement: sourceOf("$1.ts") },
  { find: /^@spendfuse\/core$/, replacement: sourceOf("index.ts") },
]

/** What cuts time is held to an independent library: slow, and nothing to any other file. */
const OF_TIME = /\/(window|calendar)\.ts$/
const isOfTime = OF_TIME.test(process.env.MUTATED_FILE ?? "")

/** What prices call with worst cases is held there. */
const isOfPrices = /\/(price|usage)\.ts$/.test(process.env.MUTATED_FILE ?? "")

/** What is run for each mutant: the quick laws, what stands beside the domain's files, the attacks with their reference model, and the scenarios. */
const TESTS = [
  "domain/!(window.laws).test.ts",
  "domain/step/*.test.ts",
  "laws/quickLaws.ts",
  "attack/*.test.ts",
  "scenarios.test.ts",
  ...(isOfPrices ? ["prices/@(library|overrides|unknownModel).test.ts"] : []),
  ...(isOfTime ? ["domain/window.laws.test.ts"] : []),
]

export default defineConfig({
  resolve: { conditions: ["@spendfuse/source"], alias },
  ssr: { resolve: { conditions: ["@spendfuse/source"] } },
  test: {
    include: ["scripts/mutants/inOne.ts"],
    env: { MUTANT_TESTS: TESTS.join(",") },
    isolate: false,
    testTimeout: 60_000,
  },
})

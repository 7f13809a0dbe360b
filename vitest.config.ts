import { defineConfig } from "vitest/config"
import type { Reporter, Vitest } from "vitest/node"

/**
 * Ends every run with the plain line `N passed, N failed`. What did not load and a broken hook count as
 * failed, and so does a skipped test, unless the run asked for some tests by name.
 */
const closingLine = (): Reporter => {
  let chosenByName = false
  return {
    onInit(vitest: Vitest) {
      chosenByName = vitest.config.testNamePattern !== undefined
    },
    onTestRunEnd(modules, errors) {
      let passed = 0
      let failed = errors.length
      for (const module of modules) {
        failed += module.errors().length
        for (const suite of module.children.allSuites()) failed += suite.errors().length
        for (const test of module.children.allTests()) {
          const { state } = test.result()
          if (state === "passed") passed += 1
          else if (state === "failed" || !chosenByName) failed += 1
        }
      }
      console.log(`${passed} passed, ${failed} failed`)
    },
  }
}

/** Tests that need a real Redis or PostgreSQL. */
const SERVERS = ["packages/*/test/**/*.servers.test.ts", "scripts/servers/*.servers.test.mjs"]

/** A run elsewhere leaves tests out by their paths, with commas between: a project hears of no `--exclude`. */
const LEFT_OUT = (process.env.TESTS_LEFT_OUT ?? "").split(",").filter((glob) => glob !== "")

const project = (name: string, include: string[]) => ({
  extends: true as const,
  test: { name, include },
})

export default defineConfig({
  resolve: { conditions: ["@spendfuse/source"] },
  ssr: { resolve: { conditions: ["@spendfuse/source"] } },
  test: {
    reporters: ["default", closingLine()],
    // For a test that hangs: how long one takes is the machine's to say, and so is how soon a thing comes to hold.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    expect: { poll: { timeout: 30_000 } },
    projects: [
      // `npm test`
      {
        extends: true as const,
        test: {
          name: "unit",
          include: ["packages/*/test/**/*.test.ts", "scripts/**/*.test.mjs"],
          exclude: ["**/node_modules/**", ...SERVERS, ...LEFT_OUT],
        },
      },
      // The rest of `npm test`: against real servers, which it starts.
      {
        extends: true as const,
        test: {
          name: "servers",
          include: SERVERS,
          globalSetup: ["scripts/servers/setup.mjs"],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
      // Part of `npm run check`.
      project("docs", ["docs/test/**/*.test.ts"]),
    ],
  },
})

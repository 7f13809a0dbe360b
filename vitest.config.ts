import { defineConfig } from "vitest/config"
import type { Reporter } from "vitest/node"

/** Ends every run with the plain line `N passed, N failed`; a file that does not load counts as failed. */
const closingLine: Reporter = {
  onTestRunEnd(modules, errors) {
    let passed = 0
    let failed = errors.length
    for (const module of modules) {
      failed += module.errors().length
      for (const test of module.children.allTests()) {
        const state = test.result().state
        if (state === "passed") passed += 1
        else if (state === "failed") failed += 1
      }
    }
    console.log(`${passed} passed, ${failed} failed`)
  },
}

export default defineConfig({
  resolve: { conditions: ["@spendfuse/source"] },
  ssr: { resolve: { conditions: ["@spendfuse/source"] } },
  test: {
    include: ["packages/*/test/**/*.test.ts", "scripts/*.test.mjs"],
    reporters: ["default", closingLine],
    testTimeout: 60_000,
  },
})

/** Each file has a sandbox and a report of its own, so that two files can be mutated side by side. */
const place = `node_modules/.cache/mutants/${(process.env.MUTATED_FILE ?? "").replaceAll(/\W/g, "-")}`

export default {
  packageManager: "pnpm",
  testRunner: "vitest",
  plugins: ["@stryker-mutator/vitest-runner"],
  vitest: { configFile: "scripts/mutants/quickTests.ts", related: false },
  coverageAnalysis: "perTest",
  concurrency: Number(process.env.MUTANTS_AT_ONCE ?? 2),
  timeoutMS: 20_000,
  timeoutFactor: 3,
  ignoreStatic: false,
  disableTypeChecks: false,
  ignorePatterns: [
    "**",
    "!package.json",
    "!tsconfig.json",
    "!packages/core/**",
    "!packages/store-memory/**",
    "!scripts/mutants/**",
    "node_modules",
    "packages/*/node_modules/**",
    "packages/*/dist/**",
  ],
  tempDirName: `${place}/sandbox`,
  reporters: ["json", "clear-text"],
  clearTextReporter: { logTests: false, allowColor: false, reportTests: false },
  jsonReporter: { fileName: `${place}/report.json` },
}

// Plants in lists what a package must not hold; publint, attw and the consumer are judged on real tarballs.
import { describe, expect, it } from "vitest"
import { strangers, unresolved } from "./packages.mjs"

describe("a packed package", () => {
  it("holds what was built, its sources, and the papers", () => {
    const files = [
      "package.json",
      "LICENSE",
      "README.md",
      "dist/index.js",
      "src/a/b.ts",
      "bin/x.js",
      "incidents/a-loop.jsonc",
    ]
    expect(strangers(files)).toEqual([])
  })

  it.each([
    "incidents/figures.json",
    "test/a.test.ts",
    "src/a.test.ts",
    "src/test/support.ts",
    "tsup.config.ts",
    ".env",
    "node_modules/a/index.js",
  ])("does not hold %s", (file) => {
    expect(strangers(["package.json", file])).toEqual([file])
  })

  it("names no range that only the workspace knows", () => {
    const manifest = (range) => JSON.stringify({ dependencies: { a: range } })
    expect(unresolved(manifest("workspace:*"))).toEqual([`"workspace:*"`])
    expect(unresolved(manifest("catalog:"))).toEqual([`"catalog:"`])
    expect(unresolved(manifest("^1.2.3"))).toEqual([])
  })
})

// Plants one breach per rule of tidy, and a near miss beside each: a rule that catches nothing is not a rule.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { undocumented, undocumentedEntries } from "./tidy/exports.mjs"
import { sourceRules } from "./tidy/sources.mjs"
import { textRules } from "./tidy/texts.mjs"
import { tidy } from "./tidy.mjs"

const DOMAIN = "packages/core/src/domain/planted.ts"
const ENGINE = "packages/core/src/engine/planted.ts"
const LOCKFILE = "pnpm-lock.yaml"
const lines = (count) => "export const a = 1\n".repeat(count)
const bodyOf = (count) => `const f = () => {\n${"  g()\n".repeat(count - 2)}}\n`

/** [rule, file, the breach, what comes near and is none]; split where this file would breach it itself. */
const BREACHES = [
  ["machine-path", LOCKFILE, `"/ho${"me/someone/x"}"`, `"./home/someone/x"`],
  ["machine-path", "docs/a.md", `see /wo${"rk/main"}`, `see https://a.example/wo${"rk/main"}`],
  ["registry-host", LOCKFILE, `  tarball: ${"http"}s://a.example/b.tgz`, "  tarball: file:b.tgz"],
  [
    "registry-host",
    "docs/a.md",
    `http${"s://registry."}example.org/a`,
    "https://jsr.example/registry",
  ],
  ["left-over", ENGINE, `// TO${"DO"}: later`, "// to do this twice is safe"],
  ["no-issue-numbers", "docs/a.md", `see iss${"ue 12"}`, "issued 12 times"],
  ["banner", ENGINE, `// ${"-".repeat(20)}`, "// - a point"],
  ["checked-by-tsc", ENGINE, `// @ts-${"ignore"}`, "// @ts-expect-error: it must not compile"],
  ["every-test-runs", "packages/core/test/a.test.ts", `it.${"only"}("a")`, `it.each([1])("a")`],
  ["file-name", "packages/core/src/engine/kebab-case.ts", "", null],
  ["file-length", ENGINE, lines(401), `${lines(400)}\n// why\n`],
  ["function-length", ENGINE, bodyOf(71), bodyOf(70)],
  ["pure-domain", DOMAIN, "const now = Date.now()", "const now = ({ Date: 1 }).Date"],
  ["pure-domain", DOMAIN, "const dice = Math.random()", "const least = Math.min(1, 2)"],
  ["pure-domain", DOMAIN, "const f = () => { throw 1 }", "const unreachable = () => { throw 1 }"],
  [
    "stable-effect",
    ENGINE,
    `import { Effect } from "effect"`,
    `import * as Effect from "effect/Effect"`,
  ],
  [
    "stable-effect",
    ENGINE,
    `import * as S from "effect/encoding/Sse"`,
    `import * as S from "effect/Schema"`,
  ],
  [
    "entry-re-exports",
    "packages/core/src/planted.ts",
    "export const a = 1",
    `export * from "./a.ts"`,
  ],
  ["error-text", ENGINE, `new Error("It failed")`, `new Error("it failed")`],
  ["error-text", ENGINE, `new StoreFailed("it failed.")`, `new Map("It failed.")`],
]

const found = (path, text) => tidy([{ path, text }]).join("\n")

describe("tidy", () => {
  it.each(BREACHES)("%s is caught in %s", (rule, path, breach) => {
    expect(found(path, breach)).toContain(`(${rule})`)
  })

  it.each(BREACHES.filter(([, , , near]) => near !== null))(
    "%s in %s lets the near miss pass",
    (rule, path, _breach, near) => {
      expect(found(path, near)).not.toContain(`(${rule})`)
    },
  )

  it("has no rule without a planted breach", () => {
    const planted = new Set(BREACHES.map(([rule]) => rule))
    const names = [...textRules, ...sourceRules].map(({ name }) => name)
    expect(names.filter((name) => !planted.has(name))).toEqual([])
  })

  it("catches a law's id used twice, across files too", () => {
    const law = (id) => `  {\n    id: "${id}",\n`
    const files = (first, second) => [
      { path: "packages/core/test/laws/laws.ts", text: law(first) },
      { path: "packages/core/test/domain/a.laws.test.ts", text: `it("${second}: a sentence", f)` },
    ]
    expect(tidy(files("W1", "W1")).join()).toContain("law W1 stands at")
    expect(tidy(files("W1", "W2"))).toEqual([])
  })

  it("catches an export without a docstring, through a re-export and under another name", () => {
    const folder = mkdtempSync(join(tmpdir(), "spendfuse-tidy-"))
    try {
      const entry = join(folder, "entry.ts")
      writeFileSync(entry, `export { told, bare as renamed } from "./a.ts"\n`)
      writeFileSync(
        join(folder, "a.ts"),
        "/** Said. */\nexport const told = 1\nexport const bare = 2\n",
      )
      expect(undocumented([entry])).toEqual([expect.stringContaining("`bare` is exported")])
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it("catches an entry that no page names", () => {
    const packages = [{ name: "@a/core", entries: [{ name: "." }, { name: "./ports" }] }]
    const page = (text) => [{ path: "docs/reference/a.md", text }]
    expect(undocumentedEntries(packages, page("`@a/core/ports` alone"))).toEqual([
      expect.stringContaining("`@a/core` stands"),
    ])
    expect(undocumentedEntries(packages, page("`@a/core` and `@a/core/ports`"))).toEqual([])
  })
})

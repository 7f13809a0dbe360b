import { readdirSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { EXAMPLES, pagesOf, ROOT, readPage, snippetsOf } from "./pages.ts"
import { runProcess } from "./process.ts"
import { openProvider } from "./provider.ts"
import { runExample } from "./runExample.ts"
import { rulingOf, runSnippet } from "./runSnippet.ts"

const snippets = pagesOf().flatMap((page) => snippetsOf(page, readPage(page)))
const programs = readdirSync(EXAMPLES).filter((file) => file.endsWith(".ts"))

describe("snippets", () => {
  for (const snippet of snippets)
    it.concurrent(`${snippet.page}:${snippet.line}`, async () => {
      expect(await runSnippet(snippet)).toBeNull()
    })

  it("are all accounted for", () => {
    const counts: Record<string, number> = {}
    for (const snippet of snippets) {
      const ruling = rulingOf(snippet)
      counts[ruling.kind] = (counts[ruling.kind] ?? 0) + 1
      if (ruling.kind === "not run")
        console.log(`not run: ${snippet.page}:${snippet.line}: ${ruling.why}`)
    }
    console.log(`${snippets.length} snippets: ${JSON.stringify(counts)}`)
    expect(counts.unruled ?? 0).toBe(0)
  })
})

describe("examples", () => {
  let provider: Awaited<ReturnType<typeof openProvider>>
  beforeAll(async () => {
    provider = await openProvider()
  })
  afterAll(() => provider[Symbol.asyncDispose]())

  for (const program of programs) {
    it.concurrent(`${program} prints what it says`, async () => {
      expect(await runExample(join(EXAMPLES, program), provider.url)).toBeNull()
    })
    it(`${program} is on a page`, () => {
      const shown = snippets.some(({ directive }) => directive?.[1].split("#")[0] === program)
      expect(shown).toBe(true)
    })
  }

  it("have the types that they say", async () => {
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc")
    const ran = await runProcess(process.execPath, [tsc, "-p", "docs/tsconfig.json"], {
      cwd: ROOT,
      env: {},
    })
    expect(ran.out).toBe("")
    expect(ran.code).toBe(0)
  })
})

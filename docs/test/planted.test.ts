import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { mismatch } from "./match.ts"
import { type Snippet, snippetsOf } from "./pages.ts"
import { openProvider } from "./provider.ts"
import { runExample } from "./runExample.ts"
import { runSnippet } from "./runSnippet.ts"

/** Pages with one breach each: the runner must see it. */
const planted: readonly (readonly [name: string, page: string, says: RegExp])[] = [
  ["a program that no file holds", "```ts\nimport {} from 'x'\n```", /is not run/],
  ["a stale copy", "<!-- example: firstCall.ts -->\n```ts\nold\n```", /is not what/],
  ["a policy with a fault", '```json\n{ "budgets": [] }\n```', /unknownModel: is missing/],
  [
    "a part with a fault",
    '<!-- part: budget -->\n```json\n{ "window": "fortnight" }\n```',
    /window: .*fortnight/,
  ],
  [
    "a scenario that is not met",
    `\`\`\`json
{ "title": "planted", "start": "2026-01-15T10:20:00Z",
  "policy": { "budgets": [ { "id": "b", "per": ["k"], "limit": { "usd": 1 }, "window": "hour", "tiers": [ { "at": "100%", "block": true } ] } ],
    "unknownModel": "refuse", "onStoreUnavailable": "deny" },
  "steps": [ { "reserve": "r", "subject": { "k": "1" }, "amount": { "usd": "2" }, "expect": { "allowed": true } } ] }
\`\`\``,
    /allowed/,
  ],
  [
    "an actor with a fault",
    '<!-- part: actor -->\n```json\n{ "kind": "batch", "every": "5m" }\n```',
    /actors\[0\]\.items: is missing/,
  ],
  [
    "a fleet that misses what it expects",
    '<!-- part: fleet -->\n```json\n{ "expect": { "pagesAtLeast": 1 } }\n```',
    /expect\.pagesAtLeast/,
  ],
  ["JSON that is neither", '```json\n{ "a": 1 }\n```', /no policy, scenario, fleet or config/],
  ["a command that fails", "```sh\nfalse\n```", /ends with 1/],
  ["a command that says something else", "```console\n$ echo one\ntwo\n```", /prints: one/],
  ["a command that is not there", "```sh\nnpx other-tool\n```", /not here/],
  ["text without a reason", "```text\nhello\n```", /is not run/],
]

describe("a planted breach is caught", () => {
  for (const [name, page, says] of planted)
    it(name, async () => {
      const [snippet] = snippetsOf("planted.md", page)
      expect(await runSnippet(snippet as Snippet)).toMatch(says)
    })

  const programs: readonly (readonly [name: string, source: string, says: RegExp])[] = [
    ["a wrong value", "console.log(1 + 1) // => 3", /shows: 3\nprints: 2/],
    ["a line too many", "console.log(1) // => 1\nconsole.log(2)", /prints more: 2/],
    ["a line too few", "// => never", /is not printed: never/],
    ["an exception", "throw new Error('planted')", /exit code 1/],
    ["a way out of this machine", 'await fetch("https://example.com")', /no network/],
  ]
  for (const [name, source, says] of programs)
    it(`in a program: ${name}`, async () => {
      await using provider = await openProvider()
      const folder = await mkdtemp(join(tmpdir(), "spendfuse-planted-"))
      try {
        const path = join(folder, "planted.mts")
        await writeFile(path, source)
        expect(await runExample(path, provider.url)).toMatch(says)
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })

  it("and what agrees passes", async () => {
    const [snippet] = snippetsOf("planted.md", "```console\n$ echo one\none\n```")
    expect(await runSnippet(snippet as Snippet)).toBeNull()
    expect(mismatch(["a …", "…", "z"], ["a b", "c", "d", "z"])).toBeNull()
    expect(mismatch(["a …", "…", "z"], ["a b", "c", "d"])).not.toBeNull()
  })

  it("a fence that is never closed is an error", () => {
    expect(() => snippetsOf("planted.md", "```ts\nlet x")).toThrow("never closed")
  })
})

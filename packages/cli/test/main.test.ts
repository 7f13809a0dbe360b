import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { POLICY, run, scenario } from "./fakeIo.ts"

describe("the command line", () => {
  it.each(["accounts", "ack", "dispatch", "demo", "explain", "play", "price"])(
    "helps with %s",
    async (command) => {
      const { code, out } = await run([command, "--help"])
      expect(code).toBe(0)
      expect(out).toContain(`Usage: spendfuse ${command}`)
    },
  )

  it.each(["demo", "explain", "play"])("gives examples of %s", async (command) => {
    expect((await run([command, "--help"])).out).toContain(`$ spendfuse ${command}`)
  })

  it("tells its exit codes, its commands and its version", async () => {
    const { out, code } = await run(["--help"])
    expect(code).toBe(0)
    expect(out).toContain(
      "Exit codes: 0 all well, 1 an expectation was not met or a command was not done, 2 bad input",
    )
    for (const command of ["accounts", "ack", "dispatch", "demo", "explain", "play", "price"])
      expect(out).toContain(`  ${command}`)
    const { version } = JSON.parse(
      readFileSync(new URL("../package.json", import.meta.url), "utf8"),
    )
    expect(await run(["--version"])).toEqual({ code: 0, out: `${version}\n`, err: "" })
  })

  it("suggests what was meant, on the standard error, and exits 2", async () => {
    const { code, out, err } = await run(["paly", "a.json"])
    expect({ code, out }).toEqual({ code: 2, out: "" })
    expect(err).toContain("unknown command 'paly'")
    expect(err).toContain("Did you mean play?")
    expect((await run(["play"])).code).toBe(2)
    expect((await run(["play", "--jsno", "a"])).err).toContain("Did you mean --json?")
  })

  it("colours for a terminal that wants it, and nowhere else", async () => {
    const files = { a: scenario({ expire: true }), p: POLICY }
    const hasColor = { hasColor: true, isTerminal: true }
    expect((await run(["play", "a"], files, hasColor)).out).toContain("\u001b[32mok  \u001b[39m")
    expect((await run(["play", "a"], files)).out).not.toContain("\u001b")
    expect((await run(["--no-color", "play", "a"], files, hasColor)).out).not.toContain("\u001b")
    expect((await run(["play", "--no-color", "a"], files, hasColor)).out).not.toContain("\u001b")
    expect((await run(["explain", "p"], files, hasColor)).out).toContain("\u001b[1mkey\u001b[22m")
  })
})

import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { POLICY, scenario } from "./fakeIo.ts"

const bin = fileURLToPath(new URL("../bin/spendfuse.js", import.meta.url))
const ran = (args: readonly string[], input = "") =>
  spawnSync(process.execPath, [bin, ...args], { input, encoding: "utf8", timeout: 120_000 })

describe("the binary", () => {
  let folder = ""
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "spendfuse-cli-"))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("plays files, with exit codes for scripts", () => {
    const good = join(folder, "good.jsonc")
    writeFileSync(good, scenario({ expire: true, expect: { events: [] } }))
    const { status, stdout, stderr } = ran(["play", good])
    expect({ status, stdout, stderr }).toEqual({
      status: 0,
      stdout: `ok   ${good}: t\n`,
      stderr: "",
    })
    const bad = scenario({ expire: true, expect: { events: ["tier key 80%"] } })
    expect(ran(["play", "-"], bad).status).toBe(1)
    expect(ran(["play", join(folder, "none.jsonc")]).status).toBe(2)
  })

  it("explains what comes on the standard input", () => {
    const { status, stdout } = ran(["explain", "--json", "-"], POLICY)
    expect(status).toBe(0)
    expect(JSON.parse(stdout).worstBills[0].perHour).toBe(10)
  })

  it("is quiet where the reader stops reading", async () => {
    const many = join(folder, "many.jsonc")
    writeFileSync(many, scenario(...Array.from({ length: 5_000 }, () => ({ expire: true }))))
    const child = spawn(process.execPath, [bin, "play", "--json", many], {
      stdio: ["ignore", "pipe", "pipe"],
    })
    let err = ""
    child.stderr.on("data", (data: Buffer) => {
      err += data.toString()
    })
    child.stdout.once("data", () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.once("exit", resolve))
    expect({ code, err }).toEqual({ code: 0, err: "" })
  })
})

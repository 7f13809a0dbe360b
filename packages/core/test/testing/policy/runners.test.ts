import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const FILE = at("../../runtime/runners/checkPolicy.ts")
const DENO = at("../../../../../node_modules/.bin/deno")
const FLAGS = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]

const ranBy = (command: string, args: readonly string[]): string => {
  const { stdout, stderr } = spawnSync(command, args, { encoding: "utf8" })
  return `${stdout}${stderr}`
}

describe("checkPolicy", () => {
  it("runs under node:test", () => {
    const text = ranBy(process.execPath, [...FLAGS, "--test", "--test-reporter=tap", FILE])
    expect(text).toContain("# pass 2")
    expect(text).toContain("# fail 0")
  })

  it("runs under Deno", () => {
    expect(existsSync(DENO)).toBe(true)
    const text = ranBy(DENO, ["test", "-A", "--no-check", FILE])
    expect(text).toContain("2 passed")
    expect(text).toContain("0 failed")
  })
})

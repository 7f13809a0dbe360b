import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { run } from "../fakeIo.ts"
import { POLICY_OF_TESTS, policyWith, use } from "./use.ts"

let folder = ""
let path = ""

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "spendfuse-test-"))
  path = join(folder, "journal")
  await use(memoryStore({ journal: fileJournal({ path, fsync: "never" }) }), 3)
})

afterEach(() => rmSync(folder, { recursive: true }))

const doctor = async (...more: readonly string[]) => {
  const ran = await run(["doctor", "--store", `file:${path}`, "--json", ...more], {
    same: JSON.stringify(POLICY_OF_TESTS),
    other: JSON.stringify(policyWith(2_000)),
    renamed: JSON.stringify(policyWith(1_000, "renamed")),
    broken: "{",
  })
  return { ...ran, found: ran.out === "" ? null : JSON.parse(ran.out) }
}

const stateOf = ({ checks }: { checks: { name: string; state: string }[] }, name: string) =>
  checks.find((one) => one.name === name)?.state

describe("the doctor of a journal", () => {
  it("says what it is, and leaves it as it is", async () => {
    const before = readFileSync(path)
    const files = readdirSync(folder)
    const { code, found } = await doctor()
    expect(code).toBe(0)
    expect(found.facts).toMatchObject({
      kind: "memory with a journal",
      address: path,
      accounts: "4",
    })
    expect(found.facts.reservations).toBe("1")
    expect(stateOf(found, "counters")).toBe("ok")
    expect(readFileSync(path).equals(before)).toBe(true)
    expect(readdirSync(folder)).toEqual(files)
  })

  it("reads one that a host holds, and one whose end is torn", async () => {
    const store = memoryStore({ journal: fileJournal({ path, fsync: "never" }) })
    expect((await doctor()).code).toBe(0)
    await store.close()
    const whole = readFileSync(path)
    writeFileSync(path, whole.subarray(0, whole.length - 3))
    const { code, found } = await doctor()
    expect(code).toBe(0)
    expect(stateOf(found, "end")).toBe("warn")
    expect(readFileSync(path).length).toBe(whole.length - 3)
  })

  it("says that there is none, or that it is damaged", async () => {
    const { code, err } = await run(["doctor", "--store", "memory:nowhere"])
    expect({ code, err }).toEqual({
      code: 2,
      err: "journal `nowhere` does not exist; look at its path, or let a host make it\n",
    })
    writeFileSync(path, "no journal\n")
    expect((await doctor()).code).toBe(2)
  })

  it("compares accounts with a policy", async () => {
    expect(stateOf((await doctor("--policy", "same")).found, "policy")).toBe("ok")
    const { found, code } = await doctor("--policy", "other")
    expect(code).toBe(0)
    expect(stateOf(found, "policy")).toBe("warn")
    const renamed = (await doctor("--policy", "renamed")).found
    expect(renamed.checks.at(-1).found).toContain('does not have: "pair"')
    expect((await doctor("--policy", "broken")).code).toBe(2)
  })

  it("shows a table, and what to do", async () => {
    const { out } = await run(["doctor", "--store", `file:${path}`])
    expect(out).toContain("kind             memory with a journal")
    expect(out).toMatch(/counters\s+│ ok\s+│ 4 accounts hold what/)
    expect(out.trimEnd().split("\n").at(-1)).toBe("3 ok, 0 to know of, 0 failed")
  })
})

import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { spend, withHost } from "./host.ts"
import { playNight } from "./night.ts"
import { shellOn } from "./shell.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "spendfuse-night-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const journalled = (name: string) => {
  const path = join(folder, name)
  return {
    open: () =>
      memoryStore({ journal: fileJournal({ path, fsync: "never", onNotice: () => undefined }) }),
    env: { SPENDFUSE_STORE_URL: `file:${path}` },
    secrets: [],
  }
}

describe("a night on a journal", () => {
  it("goes from the page to the calls that pass again by commands alone", async () => {
    await playNight(journalled("night"))
  })

  it("looks while the host runs, and says who holds the journal where it would change something", async () => {
    const { open, env } = journalled("held")
    const shell = shellOn({ env, secrets: [] })
    await withHost(open(), async (host) => {
      await spend(host, "k1", 10)
      const { json } = await shell.json("accounts", "--state", "latched")
      expect(json.accounts).toMatchObject([{ key: "day/k1" }])
      const ack = await shell.run("ack", "day/k1", "--whole", "--why", "x", "--yes")
      expect(ack.code).toBe(2)
      expect(ack.err).toContain(`process ${process.pid}`)
    })
  })
})

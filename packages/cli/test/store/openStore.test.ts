import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { describe, expect, it, onTestFinished } from "vitest"
import { CliError } from "../../src/io.ts"
import { openStore } from "../../src/store/openStore.ts"
import { use } from "../doctor/use.ts"

const freshPath = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "spendfuse-test-"))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return join(folder, "journal")
}

describe("a store that a command opens", () => {
  it("is the journal that is there", async () => {
    const path = freshPath()
    await use(memoryStore({ journal: fileJournal({ path, fsync: "never" }) }), 2)
    const store = await openStore({ store: `file:${path}` })
    expect((await store.list({ limit: 10 })).items).toHaveLength(3)
    await expect(openStore({ store: `file:${path}` })).rejects.toThrow(CliError)
    await store.close()
  })

  it("is never made", async () => {
    const path = freshPath()
    await expect(openStore({ store: `file:${path}` })).rejects.toThrow("does not exist")
  })

  it("is of Redis or of Postgres, with the ledger that is named", async () => {
    for (const [url, name] of [
      ["redis://127.0.0.1:1", "redis"],
      ["redis-cluster://127.0.0.1:1", "redis-cluster"],
      ["postgres://127.0.0.1:1/d", "postgres"],
    ] as const) {
      const store = await openStore({ store: url })
      expect(store.name).toBe(name)
      await store.close()
    }
    const flags = { store: "redis://127.0.0.1:1", prefix: "no{prefix" }
    await expect(openStore(flags)).rejects.toThrow(CliError)
    await expect(openStore({ store: "postgres://h/d", schema: "No" })).rejects.toThrow(CliError)
  })
})

import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import process from "node:process"
import { fileJournal, JournalUnusable } from "@spendfuse/store-memory/journal"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { bundled, charge, freshPath, openAt, settledOf } from "./support.ts"

const runtime = "Deno" in globalThis ? ["run", "-A"] : []

const started = async (
  program: string,
  path: string,
  forMs: number,
): Promise<[ChildProcess, string]> => {
  const child = spawn(process.execPath, [...runtime, program, path, String(forMs)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  onTestFinished(() => void child.kill("SIGKILL"))
  const [said] = (await once(child.stdout as NonNullable<typeof child.stdout>, "data")) as [Buffer]
  return [child, said.toString().trim()]
}

describe("the lock of a journal", () => {
  it("lets one journal of a process have the file at a time, by whatever name", async () => {
    const path = freshPath()
    const { store } = openAt(path)
    const link = join(dirname(path), "link")
    symlinkSync(path, link)
    mkdirSync(join(dirname(path), "sub"))
    for (const name of [path, link, join(dirname(path), "sub", "..", "spend.journal")]) {
      const open = (): unknown => fileJournal({ path: name, fsync: "never" })
      expect(open).toThrow(JournalUnusable)
      expect(open).toThrow(`journal \`${path}\` is in use by process ${process.pid} on `)
      expect(open).toThrow("stop that one, or give this one a path of its own")
    }
    await store.close()
    expect(existsSync(`${path}.holder`)).toBe(false)
    expect(openAt(path).notices).toEqual([])
  })

  it("is refused where the runtime has none to give", () => {
    const without = vi.spyOn(process, "getBuiltinModule").mockReturnValue(undefined as never)
    onTestFinished(() => without.mockRestore())
    expect(() => openAt(freshPath())).toThrow("use Node 22.13, Deno 2.2 or newer")
  })

  it("is refused where the file cannot be locked", () => {
    const path = freshPath()
    mkdirSync(`${path}.lock`)
    expect(() => openAt(path)).toThrow(`journal \`${path}\` cannot be locked by \`${path}.lock\``)
  })

  it("is free after a start that failed", () => {
    const path = freshPath()
    writeFileSync(path, "no journal\n")
    expect(() => openAt(path)).toThrow("does not begin as a journal does")
    expect(() => openAt(path)).toThrow("does not begin as a journal does")
  })

  it("holds against another process, and is free the moment that one is killed", async () => {
    const path = freshPath()
    const program = await bundled("holder.ts", dirname(path))
    const [child, said] = await started(program, path, 60_000)
    expect(said).toBe(`open ${child.pid}`)
    expect(() => openAt(path)).toThrow(`is in use by process ${child.pid} on `)
    child.kill("SIGKILL")
    await once(child, "exit")
    // What the dead one wrote about itself stays, under whatever number; it is no lock.
    writeFileSync(
      `${path}.holder`,
      JSON.stringify({ pid: process.pid, host: "here", since: "now" }),
    )
    const { store } = openAt(path)
    store.applyNow(charge(1, "a", 1))
    expect(settledOf(store, "a")).toBe(1)
  })

  it("is had by one of many that start at once, killed or not, and never by two", async () => {
    const path = freshPath()
    const program = await bundled("holder.ts", dirname(path))
    for (let round = 0; round < 3; round += 1) {
      const all = await Promise.all(Array.from({ length: 5 }, () => started(program, path, 60_000)))
      const open = all.filter(([, said]) => said.startsWith("open "))
      expect(open).toHaveLength(1)
      expect(all.filter(([, said]) => said.startsWith("JournalUnusable: "))).toHaveLength(4)
      for (const [child] of open) {
        child.kill("SIGKILL")
        await once(child, "exit")
      }
    }
  })
})

describe("a disk that takes no more", () => {
  it("ends in StoreUnavailable, and everything that was answered is there", async () => {
    const path = freshPath()
    const program = await bundled("filling.ts", dirname(path))
    // A limit on the size of files, in units of the shell: the write that passes it is cut short, and its signal is let be.
    for (const limit of [16, 17, 23]) {
      const file = `${path}-${limit}`
      const args = [...runtime, program, file].map((arg) => `'${arg}'`).join(" ")
      const shell = spawnSync("sh", [
        "-c",
        `trap "" 25; ulimit -f ${limit}; exec '${process.execPath}' ${args}`,
      ])
      const { answered, after } = JSON.parse(shell.stdout.toString()) as {
        answered: number
        after: string[]
      }
      expect(after).toEqual(["StoreUnavailable", "StoreUnavailable"])
      expect(answered).toBeGreaterThan(5)
      expect(answered).toBeLessThan(1_000)
      const { store } = openAt(file)
      expect(settledOf(store, "a")).toBe(answered)
      expect(readFileSync(file).at(-1)).toBe(10)
    }
  })
})

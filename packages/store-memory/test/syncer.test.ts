import { closeSync, fstatSync, openSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Syncer } from "../src/journal/syncer.ts"
import { freshPath } from "./support.ts"

const opened = (): number => openSync(freshPath(), "w")
const isOpen = (file: number): boolean => {
  try {
    fstatSync(file)
    return true
  } catch {
    return false
  }
}
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe("the syncer", () => {
  it("syncs within about a second, and tells where that fails", async () => {
    const errors: unknown[] = []
    const syncer = new Syncer((error) => void errors.push(error))
    const file = opened()
    syncer.soon(file)
    closeSync(file)
    await later(600)
    expect(errors).toEqual([])
    await expect.poll(() => errors).toMatchObject([{ code: "EBADF" }])
  })

  it("closes a file at once, or as soon as it is synced, and syncs it no more", async () => {
    const errors: unknown[] = []
    const syncer = new Syncer((error) => void errors.push(error))
    const [idle, waiting] = [opened(), opened()]
    syncer.close(idle)
    expect(isOpen(idle)).toBe(false)
    syncer.soon(waiting)
    syncer.close(waiting)
    expect(isOpen(waiting)).toBe(false)
    await later(1_200)
    expect(errors).toEqual([])
  })
})

import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import { fleetOf, NAMES } from "./library.ts"
import { compareOn } from "./sameOnStore.ts"
import { tapeOf } from "./tape.ts"

describe("an incident on the memory store", () => {
  it.each(NAMES)("%s: does and tells as the core", async (name) => {
    const tape = tapeOf(fleetOf(name))
    const compared = await compareOn(tape, (nowMs) => memoryStore({ nowMs }))
    expect(compared.difference).toBeNull()
    expect(compared.commands).toBe(tape.length)
  })
})

describe("the comparison", () => {
  it("notices a store that admits what the core refuses", async () => {
    const tape = tapeOf(fleetOf("stopped-and-resumed"))
    const refused = tape.findIndex(({ outcome }) => outcome.kind === "refused")
    const planted = tape.map((applied, at) =>
      at === refused ? { ...applied, outcome: { kind: "released" } as const } : applied,
    )
    const { difference } = await compareOn(planted, (nowMs) => memoryStore({ nowMs }))
    expect(difference).toContain('the store says {"kind":"refused"')
  })

  it("notices a store that tells too little", async () => {
    const tape = tapeOf(fleetOf("stopped-and-resumed"))
    const { difference } = await compareOn(tape, (nowMs) => {
      const store = memoryStore({ nowMs })
      return {
        ...store,
        events: async (query) => {
          const page = await store.events(query)
          return { ...page, items: page.items.slice(1) }
        },
      }
    })
    expect(difference).toMatch(/the core tells \d+ events, the store \d+/)
  })
})

import { describe, expect, inject, it } from "vitest"
import { faultsOf } from "../../../scripts/faults/index.mjs"

const url = inject("postgresUrl")
const faults = faultsOf("postgres").filter(({ atNight }) => !atNight)

describe("PostgreSQL under hosts that spend", () => {
  it.each(faults)("$name: the cap holds, and each spend counts once", async ({ run }) => {
    const { problems } = await run({ url, times: 1, seed: 1 })
    expect(problems).toEqual([])
  })
})

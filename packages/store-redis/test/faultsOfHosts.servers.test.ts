import { describe, expect, inject, it } from "vitest"
import { faultsOf } from "../../../scripts/faults/index.mjs"

const url = inject("redisUrl")
const faults = faultsOf("redis").filter(({ atNight }) => !atNight)

describe("Redis under hosts that spend", () => {
  it.each(faults)("$name: the cap holds, and each spend counts once", async ({ run }) => {
    const { problems } = await run({ url, times: 1, seed: 1 })
    expect(problems).toEqual([])
  })
})

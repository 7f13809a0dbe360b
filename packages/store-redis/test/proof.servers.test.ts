import { describe, expect, inject, it } from "vitest"
import { type Place, proveLeases, proveShared, proveTraces } from "../../../scripts/proof/index.mjs"
import { freshName } from "../../../scripts/servers/index.mjs"

/** At night all rows of the public traces; else some that are made. */
const ROWS = process.env.PROOF_ROWS

const placeOf = (): Place => ({
  store: "redis",
  url: inject("redisUrl"),
  name: freshName("proof"),
})

const load = () => ({
  ...{ store: "redis" as const, place: placeOf(), processes: 4, callers: 50 },
  ...{ calls: 1_500, seconds: 60, callMs: 20 },
})

const failed = (claims: readonly { readonly name: string; readonly holds: boolean }[]) =>
  claims.filter(({ holds }) => !holds).map(({ name }) => name)

describe("four processes of fifty callers on one budget", () => {
  it("never pass its cap, use it up, and hear of each tier once", async () => {
    const { figures, claims } = await proveShared(load())
    expect({ figures, failed: failed(claims) }).toMatchObject({ failed: [] })
    expect(claims.length).toBeGreaterThan(6)
  })

  it("do so with slices too, whoever has the load", async () => {
    const lease = { share: "5%", for: "2s" }
    for (const { figures, claims } of await proveLeases({ ...load(), lease }))
      expect({ figures, failed: failed(claims) }).toMatchObject({ failed: [] })
  }, 180_000)
})

it("reports the same on the same traffic as memory does, to the byte", async () => {
  const stores = ["memory", "redis"] as const
  const { claims } = await proveTraces({
    stores,
    rows: Number(ROWS ?? 300),
    places: { redis: placeOf() },
    made: ROWS === undefined,
  })
  expect(failed(claims)).toEqual([])
  expect(claims.length).toBeGreaterThan(1)
})

// The proofs in small, as tests of one store: what `npm run proof` shows at length.
import { describe, expect, it } from "vitest"
import { freshName } from "../servers/index.mjs"
import { proveLeases, proveShared, proveTraces } from "./index.mjs"

/**
 * Registers them.
 *
 * @param store `redis` or `postgres`
 * @param url of its server
 */
export const testProofs = (store, url) => {
  const place = () => ({ store, url, name: freshName("proof") })
  const load = () => ({
    ...{ store, place: place(), processes: 4, callers: 50 },
    ...{ calls: 1_500, seconds: 240, callMs: 20 },
  })
  describe("four processes of fifty callers on one budget", () => {
    it("never pass its cap, use it up, and hear of each tier once", async () => {
      const { figures, claims } = await proveShared(load())
      expect({ figures, failed: failed(claims) }).toMatchObject({ failed: [] })
      expect(claims.length).toBeGreaterThan(6)
    }, 900_000)

    it("do so with slices too, whoever has the load", async () => {
      const lease = { share: "5%", for: "2s" }
      for (const { figures, claims } of await proveLeases({ ...load(), lease }))
        expect({ figures, failed: failed(claims) }).toMatchObject({ failed: [] })
    }, 900_000)
  })

  it("reports the same on the same traffic as memory does, to the byte", async () => {
    const { claims } = await proveTraces({
      stores: ["memory", store],
      rows: Number(ROWS ?? 300),
      places: { [store]: place() },
      made: ROWS === undefined,
    })
    expect(failed(claims)).toEqual([])
    expect(claims.length).toBeGreaterThan(1)
  })
}

/** At night all rows of the public traces; else some that are made. */
const ROWS = process.env.PROOF_ROWS

const failed = (claims) => claims.filter(({ holds }) => !holds).map(({ name }) => name)

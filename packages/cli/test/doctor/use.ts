import { decodePolicy } from "@spendfuse/core"
import { type Command, compile } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"

/** A policy file: one budget of all, one of pairs. */
export const policyWith = (requests: number, pairs = "pair"): object => ({
  budgets: [
    {
      id: "all",
      per: ["platform"],
      limit: { usd: 100 },
      window: "day",
      tiers: [{ at: "100%", block: true }],
    },
    {
      id: pairs,
      per: ["org", "user"],
      limit: { requests },
      window: "month",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
})

export const POLICY_OF_TESTS = policyWith(1_000)

/** Each org has its division; what it holds of `all` lies in another. */
export const PARTITIONED = { ...POLICY_OF_TESTS, partitionBy: "org" }

/** Reserves for so many users; settles all but the last, and closes the store. */
export const use = async (
  store: Store,
  users: number,
  file: unknown = POLICY_OF_TESTS,
): Promise<void> => {
  const decoded = decodePolicy(file)
  if (!decoded.ok) throw new Error(decoded.problems.map(({ message }) => message).join())
  const { policy } = decoded
  const amounts = { usd: 1_000, tokens: 10, requests: 1 }
  const nothing = { usd: 0, tokens: 0, requests: 0 }
  for (let user = 0; user < users; user += 1) {
    const issuedAtMs = Date.now()
    const plan = compile(policy, { org: "a/b", user: `u${user}` }, issuedAtMs)
    if ("missing" in plan) throw new Error(plan.missing)
    const { division, lines, switches } = plan
    const id = { source: "test", n: 3 * user + 1 }
    const head = { done: 0, division }
    const reserve: Command = {
      ...head,
      kind: "reserve",
      id,
      issuedAtMs,
      lines,
      switches,
      base: amounts,
      perUnit: nothing,
      units: { least: 0, most: 0 },
      expiresAtMs: issuedAtMs + 600_000,
      via: null,
      swallowed: 0,
    }
    const settle: Command = {
      ...head,
      kind: "settle",
      id: { source: "test", n: id.n + 1 },
      reservation: id,
      seq: 1,
      actual: { usd: 400, tokens: 4, requests: 0 },
      // The last one goes on: part of its hold is settled.
      final: user < users - 1,
    }
    for (const command of [reserve, settle]) {
      const [applied] = await store.apply([command])
      if (applied?.outcome.kind !== "reserved" && applied?.outcome.kind !== "settled")
        throw new Error(JSON.stringify(applied?.outcome))
    }
  }
  await store.close()
}

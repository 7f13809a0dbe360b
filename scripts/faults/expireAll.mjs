// Ends what is overdue, as any host does each ten seconds.
import { createSpendfuse } from "@spendfuse/core"
import { policyOf } from "./policy.mjs"

/** Until nothing more is overdue; the store stays open. */
export const expireAll = async (store, { policy }) => {
  const spendfuse = createSpendfuse({
    policy: policyOf(policy),
    store: { ...store, close: async () => undefined },
    notifiers: { log: { name: "log", deliver: async () => undefined } },
    onNotice: () => undefined,
    storeDeadlineMs: 5_000,
  })
  for (;;) {
    const ended = await spendfuse.operator.expire()
    if (ended.kind !== "expired" || ended.reservations.length === 0) break
  }
  await spendfuse.close()
}

import { consoleNotifier } from "@spendfuse/adapters/console"
import { createSpendfuse, type Policy, type Spendfuse, seedPolicy } from "@spendfuse/core"
import { libraryPrices } from "@spendfuse/core/prices"
import { memoryStore } from "@spendfuse/store-memory"

/** What the guides' examples start from: the ready policy in memory, alerts on the standard error. */
export const openSpendfuse = (
  policy: Policy = seedPolicy({ hourlyUsd: 1, dailyUsd: 5 }),
): Spendfuse => {
  const channel = consoleNotifier()
  return createSpendfuse({
    policy,
    store: memoryStore(),
    prices: libraryPrices(),
    notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
  })
}

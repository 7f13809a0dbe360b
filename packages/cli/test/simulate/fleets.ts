/**
 * Four lanes of a loop for one hour, $0.10 a call and minute: $24 without a guard, under a key's hour of $1. Beside
 * them one person who asks about every ten minutes, with a key of their own.
 */
export const fleetOf = (more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify(
    {
      title: "Four lanes",
      why: "to be counted by hand",
      start: "2026-01-15T10:00:00Z",
      lasts: "1h",
      policy: {
        budgets: [
          {
            id: "key-hour",
            per: ["apiKey"],
            limit: { usd: 1 },
            window: "hour",
            tiers: [
              { at: "50%", notify: ["chat"], message: "half is gone" },
              { at: "100%", block: true, notify: ["pager"] },
            ],
          },
        ],
        unknownModel: "refuse",
        onStoreUnavailable: "deny",
      },
      models: { m: { input: 1, output: 100, maxOutput: 4000 } },
      actors: [
        {
          name: "lanes",
          kind: "loop",
          parallel: 4,
          subject: { apiKey: "k1" },
          model: "m",
          input: 0,
          output: 1000,
          limit: 1000,
          takes: "1m",
          retryAfter: "1m",
        },
        {
          name: "person",
          kind: "human",
          every: "10m",
          subject: { apiKey: "k2" },
          model: "m",
          input: 0,
          output: [10, 20],
          limit: 1000,
          takes: "5s",
        },
      ],
      ...more,
    },
    null,
    1,
  )

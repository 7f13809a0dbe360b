import fc from "fast-check"
import type { Policy } from "../../domain/policy.ts"
import { PLATFORM } from "../../domain/subject.ts"
import { USAGE_COMPONENTS, type Usage } from "../../domain/usage.ts"
import type { CallRequest } from "../../engine/request.ts"
import { pricesOf } from "../../lab/simulate/rates.ts"
import type { Prices } from "../../ports/Prices.ts"
import { anyModels } from "./fleet.ts"
import {
  anyAfter,
  anyCall,
  anyStep,
  anySubject,
  exampleOf,
  type StoryFaults,
  type StoryStep,
} from "./story.ts"

/** What a call may have used: any components, mostly few, zeros among them. */
export const anyUsage: fc.Arbitrary<Usage> = fc.dictionary(
  fc.constantFrom(...USAGE_COMPONENTS),
  fc.oneof(fc.constantFrom(0, 1, 1_000), fc.nat(2_000_000)),
  { maxKeys: 5 },
)

/**
 * Prices of the models that a policy names, and of `model-a`: for input and output tokens alone, so that a thousand
 * of them cost up to twice the policy's lowest limit. No other model is known.
 */
export const anyPrices = (policy: Policy): fc.Arbitrary<Prices> =>
  anyModels(policy).map((models) => pricesOf(models, "listed"))

/**
 * Requests by model and tokens, for subjects of the policy's own dimensions. Some name a model that `anyPrices` does
 * not know, and some have no limit of output.
 *
 * @example fc.property(anyPrices(policy), anyRequest(policy), (prices, request) => …)
 */
export const anyRequest = (policy: Policy): fc.Arbitrary<CallRequest> =>
  fc
    .tuple(
      fc.record({
        subject: anySubject(policy),
        model: fc.constantFrom("model-a", "model-a", ...namesOf(policy), "nobody-knows"),
        inputTokens: fc.nat(2_000),
      }),
      fc.option(fc.nat(2_000), { nil: undefined }),
    )
    .map(([request, limit]) =>
      limit === undefined ? request : { ...request, maxOutputTokens: limit },
    )

/** Histories: what callers and people do, one after the other. Any part of one is one. */
export const anyHistory = (
  policy: Policy,
  { faults = {}, steps = 30 }: { readonly faults?: StoryFaults; readonly steps?: number } = {},
): fc.Arbitrary<readonly StoryStep[]> =>
  fc.array(anyStep(policy, faults), { minLength: 1, maxLength: steps, size: "max" })

/**
 * One payer who takes all that there is, again and again: sums of many calls are found by many full calls. Of the
 * other dimensions each call has a value of its own, or all have the same.
 */
export const anyGreed = (policy: Policy, steps = 30): fc.Arbitrary<readonly StoryStep[]> =>
  fc
    .record({
      call: anyCall(policy),
      after: anyAfter(policy),
      fresh: fc.subarray(dimensionsOf(policy)),
      length: fc.integer({ min: 1, max: steps }),
    })
    .map(({ call, after, fresh, length }) =>
      Array.from({ length }, (_, at) => ({
        ...call,
        after,
        subject: {
          ...call.subject,
          ...Object.fromEntries(fresh.map((name) => [name, `${name}-${at + 1}`])),
        },
        share: { percent: 100 },
        usesPercent: 100,
        runsMs: 0,
      })),
    )

const dimensionsOf = ({ budgets }: Policy): string[] => [
  ...new Set(budgets.flatMap(({ per }) => per).filter((name) => name !== PLATFORM)),
]

const namesOf = ({ budgets }: Policy): readonly string[] =>
  budgets.flatMap(({ match }) => (match?.model ?? []).map(exampleOf))

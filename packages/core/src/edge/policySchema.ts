import * as Schema from "effect/Schema"
import type { BudgetJson, FallbackJson, PolicyJson } from "./policyJson.ts"

/**
 * The JSON form of a policy. The published JSON Schema and the first half of every error message come from
 * this Schema; the compiler holds it to `policyJson.ts`, and `policy.ts` adds what a shape cannot say.
 */
const told = (description: string, message: string) => ({ description, message })

const Name = Schema.String.annotate(told("A name.", 'is not a name; write e.g. "key-hour"'))
const Names = Schema.Array(Schema.String)

const Quantity = Schema.Union([Schema.String, Schema.Finite]).annotate(
  told("An amount: a decimal string, or a number.", 'is not an amount; write e.g. 50 or "0.25"'),
)

const Duration = Schema.String.annotate(
  told(
    'A duration of whole units: ms, s, m, h, d, w, as in "1h30m".',
    'is not a duration; write e.g. "1h30m"',
  ),
)

const Percent = Schema.String.annotate(
  told('A percentage, as in "80%".', 'is not a percentage; write e.g. "80%"'),
)

const Threshold = Schema.Union([Schema.String, Schema.Finite]).annotate(
  told(
    'Percent of the limit ("80%"), or an amount in the budget\'s unit ("5usd", "1000tokens").',
    'is not a threshold; write e.g. "80%" or "5usd"',
  ),
)

const Limit = Schema.Struct({
  usd: Schema.optionalKey(Quantity),
  usdNano: Schema.optionalKey(Quantity),
  tokens: Schema.optionalKey(Quantity),
  requests: Schema.optionalKey(Quantity),
  overrides: Schema.optionalKey(
    Schema.Record(Schema.String, Quantity).annotate({
      description: "Limits of single subjects, by the value of the last dimension of `per`.",
    }),
  ),
}).annotate(told("One unit and its amount per period.", 'is not a limit; write e.g. { "usd": 50 }'))

const Zoned = {
  timeZone: Schema.optionalKey(
    Schema.String.annotate({ description: "An IANA time zone; default UTC." }),
  ),
}

const Window = Schema.Union([
  Schema.Literals(["hour", "day", "week", "month", "lifetime"]),
  Schema.Struct({ hour: Schema.Struct(Zoned) }),
  Schema.Struct({ day: Schema.Struct(Zoned) }),
  Schema.Struct({ week: Schema.Struct({ ...Zoned, startsOn: Schema.optionalKey(Schema.Finite) }) }),
  Schema.Struct({
    month: Schema.Struct({ ...Zoned, startsOn: Schema.optionalKey(Schema.Finite) }),
  }),
  Schema.Struct({ every: Duration, anchor: Schema.optionalKey(Schema.String) }),
  Schema.Struct({ sliding: Duration, buckets: Schema.optionalKey(Schema.Finite) }),
  Schema.Struct({ lifetime: Schema.Struct({ idle: Duration }) }),
]).annotate(
  told(
    'How time is cut: "hour", "day", "week", "month", "lifetime", or an object such as { "day": { "timeZone": "Europe/Paris" } }, { "every": "6h" }, { "sliding": "1h" }.',
    'is not a window; write e.g. "hour", { "day": { "timeZone": "Europe/Paris" } }, { "every": "6h" }, { "sliding": "1h" } or { "lifetime": { "idle": "24h" } }',
  ),
)

const True = Schema.Literal(true).annotate(
  told("Always true.", "is not `true`; leave the field out to not have it"),
)

const Tier = Schema.Struct({
  at: Threshold,
  notify: Schema.optionalKey(
    Names.annotate({
      description:
        "Channels that hear of it: all at once, or with `escalateAfter` one after the other.",
    }),
  ),
  escalateAfter: Schema.optionalKey(
    Duration.annotate({
      description:
        "Of a latch: each further channel hears of it so long after the one before, until somebody acknowledges.",
    }),
  ),
  message: Schema.optionalKey(Schema.String),
  degrade: Schema.optionalKey(
    Name.annotate({ description: "The fallback that requests must come by from here on." }),
  ),
  block: Schema.optionalKey(True.annotate({ description: "Refuse until the period ends." })),
  trip: Schema.optionalKey(
    Schema.Struct({
      coolDown: Duration,
      maxCoolDown: Schema.optionalKey(Duration),
      probation: Schema.optionalKey(Schema.Struct({ allow: Threshold, for: Duration })),
    }).annotate(
      told("Open the circuit and cool down.", 'is not a trip; write e.g. { "coolDown": "1h" }'),
    ),
  ),
  latch: Schema.optionalKey(True.annotate({ description: "Refuse until a person acknowledges." })),
  repeat: Schema.optionalKey(
    Schema.Union([Percent, Schema.Literal(false)]).annotate(
      told(
        "Further levels at each further share of the limit.",
        'is not a repeat; write e.g. "100%" or false',
      ),
    ),
  ),
})

const BudgetSchema: Schema.Codec<BudgetJson> = Schema.Struct({
  id: Name,
  per: Names.annotate(
    told("The dimensions it counts by.", 'is not a list of dimensions; write e.g. ["apiKey"]'),
  ),
  limit: Limit,
  window: Window,
  tiers: Schema.Array(Tier).annotate({
    description: "What happens on the way to the limit and beyond, in rising order.",
  }),
  whenMissing: Schema.optionalKey(
    Schema.Literals(["refuse", "skip"]).annotate(
      told(
        "A request without the dimension: refused (default), or not counted here.",
        'is not known; write "refuse" or "skip"',
      ),
    ),
  ),
  mode: Schema.optionalKey(
    Schema.Literals(["enforce", "observe"]).annotate(
      told(
        "`observe` refuses nothing and tells what it would have.",
        'is not known; write "enforce" or "observe"',
      ),
    ),
  ),
  lease: Schema.optionalKey(
    Schema.Struct({ share: Percent, for: Duration }).annotate(
      told(
        "Hosts hold slices of it and decide without a trip: at most this share of the limit, for so long.",
        'is not a lease; write e.g. { "share": "1%", "for": "30s" }',
      ),
    ),
  ),
  match: Schema.optionalKey(
    Schema.Struct({
      model: Schema.optionalKey(Names),
      provider: Schema.optionalKey(Names),
      subject: Schema.optionalKey(
        Schema.Record(Schema.String, Names).annotate({
          description: "By dimension: only subjects whose value matches one of the patterns.",
        }),
      ),
    }).annotate({
      description:
        "Only requests whose model, provider and subject match; `*` stands for any characters.",
    }),
  ),
})

const Fallback = Schema.Union([
  Schema.Struct({
    model: Schema.String,
    provider: Schema.optionalKey(Schema.String),
    next: Schema.optionalKey(Schema.String),
  }),
  Schema.Struct({ wait: Duration, next: Schema.optionalKey(Schema.String) }),
  Schema.Struct({ answer: Schema.String }),
  Schema.Struct({ custom: True, next: Schema.optionalKey(Schema.String) }),
]).annotate(
  told(
    "A way out: another model, a wait, a canned answer, or the host's own handler.",
    'is not a fallback; write e.g. { "model": "gpt-5-mini" }, { "wait": "30s" }, { "answer": "…" } or { "custom": true }',
  ),
)

const FallbacksSchema: Schema.Codec<Readonly<Record<string, FallbackJson>>> = Schema.Record(
  Schema.String,
  Fallback,
)

/** What a policy looks like. */
export const PolicySchema: Schema.Codec<PolicyJson> = Schema.Struct({
  $schema: Schema.optionalKey(Schema.String),
  budgets: Schema.Array(BudgetSchema),
  unknownModel: Schema.Union([
    Schema.Literals(["refuse", "count-tokens-only"]),
    Schema.Struct({ price: Schema.Struct({ inputUsd: Quantity, outputUsd: Quantity }) }),
  ]).annotate(
    told(
      "What a model without a known price means; prices are USD per million tokens.",
      'is not known; write "refuse", "count-tokens-only" or { "price": { "inputUsd": 5, "outputUsd": 25 } }',
    ),
  ),
  onStoreUnavailable: Schema.Union([
    Schema.Literals(["deny", "allow"]),
    Schema.Struct({ degrade: Percent, hosts: Schema.Finite }),
  ]).annotate(
    told(
      "What a store that does not answer means.",
      'is not known; write "deny", "allow" or { "degrade": "10%", "hosts": 8 }',
    ),
  ),
  maxOutputTokens: Schema.optionalKey(
    Schema.Finite.annotate({
      description: "What a call without an output limit is bounded to, in tokens.",
    }),
  ),
  minOutputTokens: Schema.optionalKey(
    Schema.Finite.annotate({
      description: "A call is never clamped below this many output tokens; default 1.",
    }),
  ),
  fallbacks: Schema.optionalKey(FallbacksSchema),
  onRefused: Schema.optionalKey(
    Name.annotate({ description: "The fallback that a refusal tries first." }),
  ),
  partitionBy: Schema.optionalKey(
    Name.annotate({
      description: "The dimension by which stores divide their ledger, usually `org`.",
    }),
  ),
})

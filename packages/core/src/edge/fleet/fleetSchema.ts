import * as Schema from "effect/Schema"
import type { FleetJson } from "./fleetJson.ts"

const told = (description: string, message: string) => ({ description, message })
const optional = Schema.optionalKey

const Amount = Schema.Union([Schema.String, Schema.Finite]).annotate(
  told("USD: a decimal string, or a number.", 'is not an amount; write e.g. 50 or "0.25"'),
)
const Duration = Schema.String.annotate(
  told('A duration, as in "1h30m".', 'is not a duration; write e.g. "1h30m"'),
)
const Percent = Schema.String.annotate(
  told('A percentage, as in "5%".', 'is not a percentage; write e.g. "5%"'),
)
const Spread = Schema.Union([Schema.Finite, Schema.Array(Schema.Finite)]).annotate(
  told(
    "Tokens or a count: always the same, [least, most], or [least, median, most].",
    "is not a count; write e.g. 500, [100, 900] or [100, 300, 4000]",
  ),
)
const DurationSpread = Schema.Union([Schema.String, Schema.Array(Schema.String)]).annotate(
  told(
    "Always as long, [least, most], or [least, median, most].",
    'is not a duration; write e.g. "5s", ["2s", "20s"] or ["2s", "5s", "1m"]',
  ),
)

const rates = {
  input: Amount,
  output: Amount,
  above: optional(
    Schema.Struct({ tokens: Schema.Finite, input: Amount, output: Amount }).annotate({
      description: "Dearer rates of the whole call where its input is longer than `tokens`.",
    }),
  ),
}
const Rates = Schema.Struct(rates)

const Model = Schema.Struct({
  ...rates,
  provider: optional(Schema.String),
  maxOutput: optional(Schema.Finite),
  later: optional(Schema.Array(Schema.Struct({ at: Duration, ...rates }))),
  listed: optional(
    Schema.Union([Schema.Literal("unknown"), Rates]).annotate(
      told(
        "What the fuse's price list says; absent: the truth.",
        'is not a price; write "unknown" or e.g. { "input": "3", "output": "15" }',
      ),
    ),
  ),
  counted: optional(
    Schema.Union([Schema.Literal("free"), Rates]).annotate(
      told(
        "What the post-hoc counter's price list says; absent: what the fuse's says.",
        'is not a price; write "free" or e.g. { "input": "3", "output": "15" }',
      ),
    ),
  ),
}).annotate({
  description:
    "USD per million tokens, 0 of a model that costs nothing, and who believes what of it.",
})

const during = { from: optional(Duration), until: optional(Duration) }

const Actor = Schema.Struct({
  name: Schema.String,
  kind: Schema.Literals(["human", "agent", "batch", "loop", "leaked-key"]).annotate(
    told("What it is.", 'is not known; write "human", "agent", "batch", "loop" or "leaked-key"'),
  ),
  count: optional(Schema.Finite),
  subject: Schema.Record(Schema.String, Schema.String).annotate({
    description:
      "Who pays: a value per dimension, in which {n} and, of an agent, {task} are filled in.",
  }),
  model: Schema.String,
  input: Spread,
  output: Spread,
  limit: optional(Schema.Finite),
  takes: DurationSpread,
  ...during,
  wanted: optional(Schema.Boolean),
  refused: optional(
    Schema.Literals(["skip", "stop", "retry", "wait"]).annotate(
      told(
        "What it does when it is refused.",
        'is not known; write "skip", "stop", "retry" or "wait"',
      ),
    ),
  ),
  retryAfter: optional(Duration),
  every: optional(Duration),
  turns: optional(Spread),
  grows: optional(Schema.Finite),
  thinks: optional(DurationSpread),
  spawns: optional(Schema.Struct({ share: Percent, count: Spread, depth: Schema.Finite })),
  items: optional(Schema.Finite),
  parallel: optional(Schema.Finite),
  doublesEvery: optional(Duration),
  fails: optional(
    Schema.Struct({
      share: Percent,
      retries: Schema.Finite,
      after: Duration,
      bills: Schema.Literals(["nothing", "input", "all"]).annotate(
        told(
          "What the provider bills of such a call.",
          'is not known; write "nothing", "input" or "all"',
        ),
      ),
      ...during,
    }),
  ),
  injected: optional(Schema.Struct({ share: Percent, ...during })),
  cancels: optional(Schema.Struct({ share: Percent })),
})

const Fault = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("store-outage"), at: Duration, lasts: Duration }),
  Schema.Struct({
    kind: Schema.Literal("slow-store"),
    by: Duration,
    at: Duration,
    lasts: Duration,
  }),
  Schema.Struct({
    kind: Schema.Literal("host-crash"),
    host: Schema.Finite,
    at: Duration,
    lasts: Duration,
  }),
  Schema.Struct({
    kind: Schema.Literal("clock-skew"),
    host: Schema.Finite,
    by: Schema.String,
    at: optional(Duration),
    lasts: optional(Duration),
  }),
]).annotate(
  told(
    "What goes wrong with the machines.",
    'is not a fault; write e.g. { "kind": "store-outage", "at": "2h", "lasts": "5m" }',
  ),
)

const yes = optional(Schema.Literal(true))

const Counter = Schema.Struct({
  delay: optional(Duration),
  perHost: yes,
  addsPerHost: yes,
  resetsLate: optional(Duration),
  renews: yes,
  resumes: optional(Duration),
  leaksHolds: yes,
  storeDown: optional(
    Schema.Literals(["allow", "deny"]).annotate(
      told("What it does while the store is silent.", 'is not known; write "allow" or "deny"'),
    ),
  ),
}).annotate({ description: "How the post-hoc counter works that the fuse is compared with." })

/** The one Schema that reads fleet files, and that their published JSON Schema is made of. */
export const FleetSchema: Schema.Codec<Omit<FleetJson, "policy">> = Schema.Struct({
  $schema: optional(Schema.String),
  title: Schema.String,
  why: optional(Schema.String),
  source: optional(Schema.String),
  start: Schema.String.annotate({ description: 'An ISO instant, as in "2026-01-15T06:00:00Z".' }),
  lasts: Duration,
  hosts: optional(Schema.Finite),
  models: Schema.Record(Schema.String, Model),
  actors: Schema.Array(Actor),
  faults: optional(Schema.Array(Fault)),
  people: optional(
    Schema.Struct({
      answerIn: Duration,
      acknowledge: optional(Schema.Boolean),
      stop: optional(Schema.Array(Schema.String)),
    }),
  ),
  alert: optional(Schema.Struct({ usd: Amount })),
  counter: optional(Counter),
  expect: optional(
    Schema.Struct({
      spentAtMost: optional(Amount),
      pagesAtLeast: optional(Schema.Finite),
      refusedAtMost: optional(Schema.Record(Schema.String, Percent)),
    }),
  ),
}) as unknown as Schema.Codec<Omit<FleetJson, "policy">>

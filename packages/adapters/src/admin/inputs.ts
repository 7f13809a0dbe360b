import * as Schema from "effect/Schema"

/** Who gives a command, why, and under which name a second one is refused. */
interface ByWhomInput {
  readonly by?: string
  readonly why: string
  readonly id?: string
}

/** Amounts are integers in the budget's unit (nano-USD for `usd`), or the same as decimal texts. */
type AmountInput = string | number

export interface AcknowledgeInput extends ByWhomInput {
  readonly account: string
  readonly generation?: number
  readonly upTo?: AmountInput
  readonly allow?: AmountInput
}

export interface TripInput extends ByWhomInput {
  readonly account: string
  readonly coolDownMs: number
}

export interface SwitchInput extends ByWhomInput {
  readonly dimension: string
  readonly value: string
  readonly state: "off" | "on"
  readonly untilMs?: number
}

export interface AdjustInput extends ByWhomInput {
  readonly account: string
  readonly amount: AmountInput
  readonly atMs?: number
}

/** What a page of a log is asked by; a query holds texts. */
export interface PageInput {
  readonly after?: string
  readonly limit?: string
}

export interface LogInput extends PageInput {
  readonly latest?: "true" | "false"
}

export interface ResendInput {
  readonly ids: readonly string[]
}

export interface AccountsInput extends PageInput {
  readonly budget?: string
  readonly circuit?: "closed" | "open" | "half-open" | "latched"
}

const optional = Schema.optionalKey

const textOf = (what: string, example: string, max: number) =>
  Schema.String.check(
    Schema.isPattern(/\S/u, { message: `is not ${what}; write e.g. ${example}` }),
    Schema.isMaxLength(max, { message: `is not ${what} of at most ${max} characters; write less` }),
  )

const Account = Schema.String.check(
  Schema.isMaxLength(20_000, { message: "is not an account of at most 20000 characters" }),
).annotate({ description: "The account's key: `day/agent-7`." })

const WHOLE = 'is not a whole number in the budget\'s unit; write e.g. "500000000"'

const digits = (signed: boolean) =>
  Schema.String.check(
    Schema.isPattern(signed ? /^-?[0-9]{1,16}$/u : /^[0-9]{1,16}$/u, { message: WHOLE }),
  )

const amount = (signed: boolean) =>
  Schema.Union([
    digits(signed),
    signed ? Schema.Int : Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)),
  ]).annotate({
    message: WHOLE,
    description:
      "An amount in the budget's unit (nano-USD for usd), as an integer or as its decimal text.",
  })

const whole = (least: number, what: string, example: string) =>
  Schema.Int.check(
    Schema.isGreaterThanOrEqualTo(least, { message: `is not ${what}; write e.g. ${example}` }),
  ).annotate({ message: `is not ${what}; write e.g. ${example}`, description: `This is ${what}.` })

const byWhom = {
  by: optional(
    textOf("a name", '"ann"', 200).annotate({
      description: "Who it is; where the credential names a person, leave it out or give the same.",
    }),
  ),
  why: textOf("a reason", '"the loop is stopped"', 1_000).annotate({
    description: "Why, for the audit.",
  }),
  id: optional(
    textOf("an id", '"incident-42"', 200).annotate({
      description:
        "Names the command: a second one of this id does nothing. Send it again under it.",
    }),
  ),
}

/** Bodies of the commands. */
export const AcknowledgeBody: Schema.Codec<AcknowledgeInput> = Schema.Struct({
  account: Account,
  generation: optional(whole(0, "a generation, 0 or above", "3")),
  upTo: optional(amount(false)),
  allow: optional(amount(false)),
  ...byWhom,
}).annotate({ identifier: "Acknowledge" })

export const TripBody: Schema.Codec<TripInput> = Schema.Struct({
  account: Account,
  coolDownMs: whole(1, "a time in milliseconds, above 0", "900000"),
  ...byWhom,
}).annotate({ identifier: "Trip" })

export const SwitchBody: Schema.Codec<SwitchInput> = Schema.Struct({
  dimension: Schema.String,
  value: Schema.String,
  state: Schema.Literals(["off", "on"]).annotate({
    message: 'is not a state; write "off" or "on"',
  }),
  untilMs: optional(whole(0, "an instant in epoch milliseconds", "1790000000000")),
  ...byWhom,
}).annotate({ identifier: "Switch" })

export const AdjustBody: Schema.Codec<AdjustInput> = Schema.Struct({
  account: Account,
  amount: amount(true),
  atMs: optional(whole(0, "an instant in epoch milliseconds", "1790000000000")),
  ...byWhom,
}).annotate({ identifier: "Adjust" })

/** The most items of a page. */
export const PAGE_MAX = 200

/** Which dead letters are sent again. */
export const ResendBody: Schema.Codec<ResendInput> = Schema.Struct({
  ids: Schema.Array(Schema.String).check(
    Schema.isMinLength(1, { message: "is not a list of ids; give the `id` of a dead letter" }),
    Schema.isMaxLength(PAGE_MAX, { message: `is not a list of at most ${PAGE_MAX} ids` }),
  ),
}).annotate({ identifier: "Resend" })

const page = {
  after: optional(Schema.String.annotate({ description: "`next` of the page before." })),
  limit: optional(
    Schema.String.check(
      Schema.isPattern(/^([1-9][0-9]?|1[0-9]{2}|200)$/u, {
        message: `is not a number of 1 to ${PAGE_MAX}; write e.g. 50`,
      }),
    ).annotate({ description: `How many at most, 1 to ${PAGE_MAX}; 50 unless given.` }),
  ),
}

/** Queries of the lists. */
export const LogQueryInput: Schema.Codec<LogInput> = Schema.Struct({
  ...page,
  latest: optional(
    Schema.Literals(["true", "false"]).annotate({
      message: 'is not "true" or "false"',
      description: "Whether the last entries are asked for in place of the first; without `after`.",
    }),
  ),
})

export const AccountsQuery: Schema.Codec<AccountsInput> = Schema.Struct({
  ...page,
  budget: optional(Schema.String.annotate({ description: "Only accounts of this budget." })),
  circuit: optional(
    Schema.Literals(["closed", "open", "half-open", "latched"]).annotate({
      message: 'is not a circuit; write "closed", "open", "half-open" or "latched"',
      description: "Only accounts whose circuit is this. A page may be short though more follow.",
    }),
  ),
})

export const NoQuery: Schema.Codec<Record<never, never>> = Schema.Struct({})

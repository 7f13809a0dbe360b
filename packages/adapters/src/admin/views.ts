import * as Schema from "effect/Schema"

/** An account as judged now. Amounts are decimal texts in its unit (nano-USD for `usd`), so that no reader rounds them. */
export interface AccountView {
  readonly key: string
  readonly budget: string
  /** Who spends; null where the policy has no such budget any more. */
  readonly subject: Readonly<Record<string, string>> | null
  readonly unit: "usd" | "tokens" | "requests"
  readonly settled: string
  readonly held: string
  readonly limit: string
  /** Null where no tier blocks. */
  readonly cap: string | null
  /** The distance to the cap: what still fits; null where there is no cap. */
  readonly remaining: string | null
  readonly circuit: CircuitState
  readonly generation: number
  /** When the circuit moves by itself, epoch milliseconds; null where it does not. */
  readonly untilMs: number | null
  /** The highest level that has fired in the period; `0` for none. */
  readonly level: string
  /** What the period spans, epoch milliseconds; null where the window slides or is a lifetime. */
  readonly periodStartMs: number | null
  readonly periodEndMs: number | null
}

/** One account with the tiers that hold for it. */
export interface AccountDetail extends AccountView {
  /** By amount; none where the policy has no such budget any more. */
  readonly tiers: readonly TierView[]
}

/** A tier of an account. */
export interface TierView {
  /** Its first level, and the distance to further ones; `0` where it has only one. */
  readonly at: string
  readonly repeat: string
  /** The threshold in percent of the limit; null where it is an amount. */
  readonly percent: number | null
  readonly effects: readonly ("notify" | "degrade" | "block" | "trip" | "latch")[]
  readonly notify: readonly string[]
  readonly message: string
}

/** Whom a credential names, and what there is to operate. */
export interface MeView {
  /** Null where several share the credential: each command says `by` itself. */
  readonly by: string | null
  readonly may: "read" | "operate"
  /** The policy's budgets, by id, and whether each only observes. */
  readonly budgets: readonly {
    readonly id: string
    readonly per: readonly string[]
    readonly unit: "usd" | "tokens" | "requests"
    readonly observe: boolean
  }[]
  /** What a switch can turn off. */
  readonly dimensions: readonly string[]
}

/** What a circuit can be. */
export type CircuitState = "closed" | "open" | "half-open" | "latched"

/** What a command did. */
export interface OutcomeView {
  readonly kind: string
  /** Of `tripped` and `later-generation`. */
  readonly generation?: number
  /** Of `adjusted`: what is settled now. */
  readonly settled?: string
  /** The command was answered before, under the same id, and has done nothing again. */
  readonly replayed?: true
  /** Of a command that changed nothing: what happened, and by whom, in words. */
  readonly said?: string
}

const Amount = Schema.String.check(
  Schema.isPattern(/^-?[0-9]+$/u, {
    description: "An amount in the budget's unit; nano-USD for usd.",
  }),
).annotate({ identifier: "Amount" })

const Instant = Schema.Int.annotate({ description: "Epoch milliseconds." })

const CIRCUITS = ["closed", "open", "half-open", "latched"] as const

const accountFields = {
  key: Schema.String,
  budget: Schema.String,
  subject: Schema.NullOr(Schema.Record(Schema.String, Schema.String)),
  unit: Schema.Literals(["usd", "tokens", "requests"]),
  settled: Amount,
  held: Amount,
  limit: Amount,
  cap: Schema.NullOr(Amount),
  remaining: Schema.NullOr(Amount),
  circuit: Schema.Literals(CIRCUITS),
  generation: Schema.Int,
  untilMs: Schema.NullOr(Instant),
  level: Amount,
  periodStartMs: Schema.NullOr(Instant),
  periodEndMs: Schema.NullOr(Instant),
} as const

/** An account. */
export const AccountSchema: Schema.Codec<AccountView> = Schema.Struct(accountFields).annotate({
  identifier: "Account",
  description: "An account as judged now.",
})

/** An account and its tiers. */
export const AccountDetailSchema: Schema.Codec<AccountDetail> = Schema.Struct({
  ...accountFields,
  tiers: Schema.Array(
    Schema.Struct({
      at: Amount,
      repeat: Amount,
      percent: Schema.NullOr(Schema.Number),
      effects: Schema.Array(Schema.Literals(["notify", "degrade", "block", "trip", "latch"])),
      notify: Schema.Array(Schema.String),
      message: Schema.String,
    }),
  ),
}).annotate({
  identifier: "AccountDetail",
  description: "An account as judged now, with its tiers.",
})

/** Who asks. */
export const MeSchema: Schema.Codec<MeView> = Schema.Struct({
  by: Schema.NullOr(Schema.String),
  may: Schema.Literals(["read", "operate"]),
  budgets: Schema.Array(
    Schema.Struct({
      id: Schema.String,
      per: Schema.Array(Schema.String),
      unit: Schema.Literals(["usd", "tokens", "requests"]),
      observe: Schema.Boolean,
    }),
  ),
  dimensions: Schema.Array(Schema.String),
}).annotate({ identifier: "Me", description: "Whom the credential names." })

const optional = Schema.optionalKey

const EventFields = Schema.Struct({
  version: Schema.Int,
  id: Schema.String,
  kind: Schema.Literals([
    "tier",
    "refusing",
    "overshoot",
    "overflow",
    "would-refuse",
    "period-end",
    "circuit",
    "escalation",
    "undelivered",
    "expired",
    "audit",
  ]),
  atMs: Instant,
  text: Schema.String.annotate({ description: "A sentence for people." }),
  severity: Schema.Literals(["critical", "error", "warning", "info"]),
  channels: Schema.Array(Schema.String),
  account: optional(Schema.String),
  incident: optional(Schema.NullOr(Schema.String)),
  periodStartMs: optional(Instant),
  periodEndMs: optional(Instant),
  settled: optional(Amount),
  held: optional(Amount),
  limit: optional(Amount),
  cap: optional(Schema.NullOr(Amount)),
  unit: optional(Schema.Literals(["usd", "tokens", "requests"])),
  level: optional(Amount),
  label: optional(Schema.String),
  passed: optional(Schema.Int),
  message: optional(Schema.String),
  effect: optional(Schema.Literals(["notify", "degrade", "block", "trip", "latch"])),
  reason: optional(Schema.String),
  state: optional(Schema.Literals(CIRCUITS)),
  generation: optional(Schema.Int),
  untilMs: optional(Schema.NullOr(Instant)),
  observed: optional(Schema.Boolean),
  step: optional(Schema.Int),
  sinceMs: optional(Instant),
  channel: optional(Schema.String),
  count: optional(Schema.Int),
  reservation: optional(Schema.String),
  verb: optional(Schema.Literals(["acknowledge", "trip", "switch", "adjust"])),
  target: optional(Schema.String),
  by: optional(Schema.NullOr(Schema.String)),
  why: optional(Schema.NullOr(Schema.String)),
}).annotate({ identifier: "Event", description: "A fact: the fields that its kind has." })

const DeadLetterFields = Schema.Struct({
  id: Schema.String,
  channel: Schema.String,
  account: Schema.String,
  event: EventFields,
  dueAtMs: Instant,
  attempts: Schema.Int,
  createdAtMs: Instant,
  why: Schema.String,
}).annotate({ identifier: "DeadLetter", description: "An event that no try could deliver." })

const pageOf = (identifier: string, item: Schema.Constraint): Schema.Constraint =>
  Schema.Struct({
    items: Schema.Array(item),
    next: Schema.NullOr(Schema.String).annotate({
      description:
        "What `after` goes on from; null where nothing follows, of a log where the page is empty: ask again from the page before.",
    }),
  }).annotate({ identifier })

/** Pages: `items` and `next`. */
export const AccountPage: Schema.Constraint = pageOf("AccountPage", AccountSchema)
export const EventPage: Schema.Constraint = pageOf("EventPage", EventFields)
export const DeadLetterPage: Schema.Constraint = pageOf("DeadLetterPage", DeadLetterFields)

/** What a command did. */
export const OutcomeSchema: Schema.Codec<OutcomeView> = Schema.Struct({
  kind: Schema.Literals([
    "acknowledged",
    "nothing-to-acknowledge",
    "later-generation",
    "tripped",
    "switched",
    "adjusted",
  ]),
  generation: optional(Schema.Int),
  settled: optional(Amount),
  replayed: optional(Schema.Literal(true)),
  said: optional(Schema.String),
}).annotate({ identifier: "Outcome", description: "What a command did." })

/** How many dead letters are sent again. */
export const ResentSchema: Schema.Codec<{ readonly resent: number }> = Schema.Struct({
  resent: Schema.Int,
}).annotate({ identifier: "Resent" })

/** Whether the store answers. */
export const HealthSchema: Schema.Codec<{ readonly status: "ok" }> = Schema.Struct({
  status: Schema.Literal("ok"),
}).annotate({ identifier: "Health" })

/** What is wrong. */
export const ProblemSchema: Schema.Constraint = Schema.Struct({
  title: Schema.String,
  status: Schema.Int,
  detail: Schema.String,
  error: optional(Schema.String),
  problems: optional(Schema.Array(Schema.Struct({ path: Schema.String, message: Schema.String }))),
}).annotate({ identifier: "Problem", description: "What is wrong, as RFC 9457 has it." })

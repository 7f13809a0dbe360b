import type { Problem } from "@spendfuse/core"
import { under } from "@spendfuse/core"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { CliError, type Io } from "../io.ts"
import { readJsonc } from "../jsonc.ts"

/** Who hears a channel. What is secret is named by its environment variable, never written. */
export type NotifierSpec =
  | { readonly kind: "console"; readonly format?: "text" | "json" }
  | { readonly kind: "slack"; readonly webhookUrlEnv: string }
  | {
      readonly kind: "slack-bot"
      readonly tokenEnv: string
      readonly channel: string
      readonly apiUrl?: string
    }
  | {
      readonly kind: "pagerduty"
      readonly routingKeyEnv: string
      readonly region?: "us" | "eu"
      readonly apiUrl?: string
      readonly clientUrl?: string
    }
  | { readonly kind: "webhook"; readonly urlEnv: string; readonly secretsEnv: readonly string[] }

/** By channel, in the order in which they stand in for each other. */
export type NotifierSpecs = Readonly<Record<string, NotifierSpec>>

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

const EnvName = Schema.String.check(
  Schema.isPattern(NAME, {
    message: 'is not the name of an environment variable; write e.g. "SLACK_WEBHOOK_URL"',
  }),
)
const optional = Schema.optionalKey

const SpecSchema = Schema.Union([
  Schema.Struct({
    kind: Schema.Literal("console"),
    format: optional(Schema.Literals(["text", "json"])),
  }),
  Schema.Struct({ kind: Schema.Literal("slack"), webhookUrlEnv: EnvName }),
  Schema.Struct({
    kind: Schema.Literal("slack-bot"),
    tokenEnv: EnvName,
    channel: Schema.String,
    apiUrl: optional(Schema.String),
  }),
  Schema.Struct({
    kind: Schema.Literal("pagerduty"),
    routingKeyEnv: EnvName,
    region: optional(Schema.Literals(["us", "eu"])),
    apiUrl: optional(Schema.String),
    clientUrl: optional(Schema.String),
  }),
  Schema.Struct({
    kind: Schema.Literal("webhook"),
    urlEnv: EnvName,
    secretsEnv: Schema.NonEmptyArray(EnvName),
  }),
])

const FileSchema: Schema.Codec<{ readonly notifiers: NotifierSpecs }> = Schema.Struct({
  $schema: optional(Schema.String),
  notifiers: Schema.Record(Schema.String, SpecSchema),
}) as unknown as Schema.Codec<{ readonly notifiers: NotifierSpecs }>

const decode = Schema.decodeUnknownResult(FileSchema, { errors: "all", onExcessProperty: "error" })
const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Reads a file of notifiers. @throws CliError with the place of each problem */
export const specsOfFile = (io: Io, path: string): NotifierSpecs => {
  const json = readJsonc(io, path)
  const read = decode(json.value)
  if (Result.isSuccess(read)) return read.success.notifiers
  const problems = format(read.failure.issue).issues.map(
    ({ path: parts = [], message }): Problem => ({
      path: parts
        .map((part) => (typeof part === "object" ? part.key : part))
        .reduce<string>(
          (at, part) => under(at, typeof part === "number" ? part : String(part)),
          "",
        ),
      message: message.startsWith("is not") ? message : (WORDS.get(message) ?? KINDS),
    }),
  )
  throw json.complaint(problems)
}

const WORDS: ReadonlyMap<string, string> = new Map([
  ["Missing key", "is missing; add it"],
  [
    "Expected no excess property",
    "is not a known field; remove it, and write no secret into the file",
  ],
])

const KINDS =
  'is no notifier; write e.g. { "kind": "slack", "webhookUrlEnv": "SLACK_WEBHOOK_URL" }, or of kind "console", "slack-bot", "pagerduty", "webhook"'

/**
 * Reads `CHANNEL=KIND:ENV,ENV`: the names of the variables that hold what the kind needs.
 *
 * @throws CliError that quotes nothing but the channel: somebody may have written the secret itself
 */
export const specOfFlag = (text: string): readonly [string, NotifierSpec] => {
  const [, channel = "", kind = "", rest = ""] = /^([^=]*)=([a-z-]*)(?::(.*))?$/s.exec(text) ?? []
  const names = rest === "" ? [] : rest.split(",")
  const [first = "", ...others] = names
  const isNamed = names.every((name) => NAME.test(name))
  if (channel !== "" && isNamed) {
    if (kind === "console" && names.length === 0) return [channel, { kind }]
    if (kind === "slack" && names.length === 1) return [channel, { kind, webhookUrlEnv: first }]
    if (kind === "pagerduty" && names.length === 1) return [channel, { kind, routingKeyEnv: first }]
    if (kind === "webhook" && others.length > 0)
      return [channel, { kind, urlEnv: first, secretsEnv: others }]
  }
  throw new CliError(
    `a \`--notifier\` cannot be used; write CHANNEL=console, CHANNEL=slack:URL_VARIABLE, CHANNEL=pagerduty:KEY_VARIABLE or CHANNEL=webhook:URL_VARIABLE,SECRET_VARIABLE, with names of environment variables, never what they hold`,
  )
}

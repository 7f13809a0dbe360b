import * as Schema from "effect/Schema"
import type { GatewayConfig } from "./config.ts"

const told = (description: string, message: string) => ({ description, message })
const optional = Schema.optionalKey

const EnvName = Schema.String.check(
  Schema.isPattern(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    message: 'is not the name of an environment variable; write e.g. "OPENAI_API_KEY"',
  }),
)
const Hash = Schema.String.check(
  Schema.isPattern(/^sha256:[0-9a-fA-F]{64}$/, {
    message:
      "is not a hash; write `sha256:` and what `printf %s KEY | sha256sum` prints, never the key",
  }),
).annotate({ description: "The virtual key's hash: sha256: and 64 hexadecimal digits." })
const BaseUrl = Schema.String.check(
  Schema.isPattern(/^https?:\/\/[^\s@?#]+$/, {
    message:
      'is not a base URL without a user, a query or a fragment; write e.g. "https://api.openai.com"',
  }),
)
const Prefix = Schema.String.check(
  Schema.isPattern(/^(\/[A-Za-z0-9._~-]+)+$/, {
    message: 'is not a path; write e.g. "/anthropic"',
  }),
)
const whole = (least: number, most: number, example: number) =>
  Schema.Finite.check(
    Schema.isBetween(
      { minimum: least, maximum: most },
      { message: `is not between ${least} and ${most}; write e.g. ${example}` },
    ),
    Schema.isInt({ message: `is not a whole number; write e.g. ${example}` }),
  )
const Names = Schema.Array(Schema.String)
const Ms = whole(1, 86_400_000, 30_000)
const listen = { host: optional(Schema.String), port: optional(whole(0, 65_535, 8_787)) }

const Store = Schema.Union([
  Schema.Struct({ kind: Schema.Literal("memory") }),
  Schema.Struct({ kind: Schema.Literal("journal"), path: Schema.String }),
  Schema.Struct({
    kind: Schema.Literal("url"),
    urlEnv: EnvName,
    prefix: optional(Schema.String),
    schema: optional(Schema.String),
  }),
]).annotate(
  told(
    "Where the ledger is kept.",
    'is not a store; write e.g. { "kind": "url", "urlEnv": "SPENDFUSE_STORE_URL" }',
  ),
)

const Upstream = Schema.Struct({
  baseUrl: BaseUrl,
  keyEnv: optional(EnvName),
  auth: optional(Schema.Literals(["authorization", "x-api-key", "x-goog-api-key", "api-key"])),
  prefix: optional(Prefix),
  models: optional(Names),
  provider: optional(Schema.String),
  reach: optional(Schema.Literals(["calls", "all"])),
})

const Key = Schema.Struct({
  hash: optional(Hash),
  keyEnv: optional(EnvName),
  subject: Schema.Record(Schema.String, Schema.String),
  models: optional(Names),
  upstreams: optional(Names),
  mayName: optional(Names),
})

/** The one Schema that reads config files, and that their published JSON Schema is made of. */
export const GatewayConfigSchema: Schema.Codec<GatewayConfig> = Schema.Struct({
  $schema: optional(Schema.String),
  listen: optional(Schema.Struct(listen)),
  admin: optional(
    Schema.Struct({
      ...listen,
      people: Schema.Record(
        Schema.String,
        Schema.Struct({
          tokenEnv: EnvName,
          may: optional(Schema.Literals(["read", "operate"])),
        }),
      ),
    }),
  ),
  store: optional(Store),
  policy: Schema.String.annotate({ description: "The policy's file, beside this one." }),
  notifiers: optional(Schema.String),
  upstreams: Schema.Record(Schema.String, Upstream),
  keys: Schema.Record(Schema.String, Key),
  limits: optional(
    Schema.Struct({
      bodyBytes: optional(whole(1, 1_073_741_824, 33_554_432)),
      headMs: optional(Ms),
      bodyMs: optional(Ms),
      callMs: optional(Ms),
      drainMs: optional(whole(0, 86_400_000, 30_000)),
    }),
  ),
  stream: optional(
    Schema.Struct({
      sliceTokens: whole(64, 1_000_000, 512),
      unseenTokens: optional(whole(0, 1_000_000, 2_048)),
    }),
  ),
  rateLimit: optional(Schema.Literals(["requests", "all", "none"])),
}) as unknown as Schema.Codec<GatewayConfig>

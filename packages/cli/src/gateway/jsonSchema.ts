import * as Schema from "effect/Schema"
import { GatewayConfigSchema } from "./configSchema.ts"

/** The JSON Schema of config files, for editors: made from the one Schema that reads them. */
export const gatewayJsonSchema = (): Readonly<Record<string, unknown>> => {
  const { schema, definitions } = Schema.toJsonSchemaDocument(GatewayConfigSchema, {
    onExcessProperty: "error",
  })
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "Spendfuse gateway",
    ...schema,
    ...(Object.keys(definitions).length > 0 && { $defs: definitions }),
  }
}

import * as Schema from "effect/Schema"
import type { Route } from "./routes.ts"
import { ProblemSchema } from "./views.ts"

type Json = Readonly<Record<string, unknown>>

/** The OpenAPI 3.1 document of the routes: made of the Schemas that read their inputs. */
export const openapiOf = (routes: readonly Route[], basePath: string): Json => {
  const components = new Map<string, unknown>()
  const refer = (schema: Schema.Constraint): Json => {
    const made = Schema.toJsonSchemaDocument(schema, { onExcessProperty: "error" })
    const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/')
    const { schema: body, definitions } = JSON.parse(text) as { schema: Json; definitions: Json }
    for (const [name, definition] of Object.entries(definitions)) components.set(name, definition)
    return body
  }
  const paths: Record<string, Record<string, unknown>> = {
    "/openapi.json": { get: documentOperation(refer) },
  }
  for (const route of routes) {
    const path = `/${route.path}`
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, refer) }
  }
  return {
    openapi: "3.1.0",
    info: { title: "Spendfuse admin API", version: "1" },
    servers: [{ url: basePath === "" ? "/" : basePath }],
    security: [{ credential: [] }],
    paths,
    components: {
      schemas: Object.fromEntries(components),
      securitySchemes: { credential: { type: "http", scheme: "bearer" } },
    },
  }
}

type Refer = (schema: Schema.Constraint) => Json

const operationOf = (route: Route, refer: Refer): Json => ({
  operationId: route.id,
  summary: route.says,
  ...(route.method === "POST"
    ? {
        requestBody: {
          required: true,
          content: { "application/json": { schema: refer(route.input) } },
        },
      }
    : parametersOf(route, refer)),
  responses: responsesOf(refer(route.output), refer),
})

const documentOperation = (refer: Refer): Json => ({
  operationId: "openapi",
  summary: "This document.",
  responses: responsesOf({ type: "object" }, refer),
})

const responsesOf = (schema: Json, refer: Refer): Json => ({
  "200": { description: "Done.", content: { "application/json": { schema } } },
  default: {
    description: "What is wrong.",
    content: { "application/problem+json": { schema: refer(ProblemSchema) } },
  },
})

const parametersOf = ({ path, input }: Route, refer: Refer): Json => {
  const { properties = {} } = refer(input) as {
    readonly properties?: Readonly<Record<string, Json>>
  }
  const query = Object.entries(properties).map(([name, { description, ...schema }]) => ({
    name,
    in: "query",
    required: false,
    ...(description !== undefined && { description }),
    schema,
  }))
  const key = path.endsWith("{key}")
    ? [
        {
          name: "key",
          in: "path",
          required: true,
          description: "Percent-encoded UTF-8.",
          schema: { type: "string" },
        },
      ]
    : []
  const parameters = [...key, ...query]
  return parameters.length === 0 ? {} : { parameters }
}

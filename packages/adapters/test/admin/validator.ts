import { Ajv2020 } from "ajv/dist/2020.js"
import { expect } from "vitest"

type Api = (request: Request) => Promise<Response>
// biome-ignore lint/suspicious/noExplicitAny: a document is looked into by its fields
type Document = any

const documents = new WeakMap<Api, Promise<Document>>()

/** The document that an API serves. */
export const documentOf = (api: Api, token: string): Promise<Document> => {
  const known = documents.get(api)
  if (known !== undefined) return known
  const url = "https://ops.example.com/admin/openapi.json"
  const asked = api(new Request(url, { headers: { authorization: `Bearer ${token}` } }))
  const document = asked.then((response) => response.json())
  documents.set(api, document)
  return document
}

/** Says what an answer has that the document does not permit. */
export const validatorOf =
  (api: Api, token: string) =>
  async (method: string, path: string, response: Response, json: unknown): Promise<unknown> => {
    const document = await documentOf(api, token)
    const [asked = ""] = path.split("?")
    const found =
      document.paths[`/${asked}`] ??
      (asked.startsWith("accounts/") ? document.paths["/accounts/{key}"] : undefined)
    const operation = found?.[method === "HEAD" ? "get" : method.toLowerCase()]
    const { content } =
      operation?.responses[response.status] ??
      operation?.responses.default ??
      document.paths["/health"].get.responses.default
    const type = response.headers.get("content-type") ?? ""
    expect(Object.keys(content)).toEqual([type])
    const ajv = new Ajv2020({ strict: false, allErrors: true })
    const schema = { ...content[type].schema, components: document.components }
    const validate = ajv.compile(schema)
    validate(json)
    return validate.errors ?? []
  }

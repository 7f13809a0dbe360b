import type Anthropic from "@anthropic-ai/sdk"
import type OpenAI from "openai"
import { ANTHROPIC, OPENAI } from "../fetch/clients.ts"
import { GPT_5_NANO, HAIKU_NANO } from "../fetch/costs.ts"

/** How an answer is asked for; `usage` is a stream that is to tell its usage. */
export type How = "json" | "stream" | "usage"

export interface ClientOptions {
  /** Without a path. */
  readonly url: string
  readonly fetch: typeof fetch
  readonly maxRetries: number
  readonly headers?: Readonly<Record<string, string>>
}

/** One call of an SDK: an answer, or a stream of events. */
export type Call = (what: string, how: How, signal?: AbortSignal) => Promise<unknown>

/** An SDK, how it makes a call, and what an answer of the stand-in costs. */
export interface Sdk {
  readonly name: string
  readonly nano: number
  readonly client: (options: ClientOptions) => Call
}

const chat =
  (Client: typeof OpenAI) =>
  ({ url, headers, ...options }: ClientOptions): Call => {
    const { chat: api } = new Client({
      ...options,
      ...TEST_KEY,
      baseURL: `${url}/v1`,
      defaultHeaders: headers ?? {},
    })
    return async (what, how, signal) => {
      const request = { model: "gpt-5", messages: [{ role: "user" as const, content: what }] }
      const more = signal === undefined ? {} : { signal }
      if (how === "json") return api.completions.create(request, more)
      const asked = how === "usage" ? { stream_options: { include_usage: true } } : {}
      return api.completions.create({ ...request, ...asked, stream: true }, more)
    }
  }

const responses =
  (Client: typeof OpenAI) =>
  ({ url, headers, ...options }: ClientOptions): Call => {
    const client = new Client({
      ...options,
      ...TEST_KEY,
      baseURL: `${url}/v1`,
      defaultHeaders: headers ?? {},
    })
    return async (what, how, signal) => {
      const request = { model: "gpt-5", input: what }
      const more = signal === undefined ? {} : { signal }
      return how === "json"
        ? client.responses.create(request, more)
        : client.responses.create({ ...request, stream: true }, more)
    }
  }

const messages =
  (Client: typeof Anthropic) =>
  ({ url, headers, ...options }: ClientOptions): Call => {
    const client = new Client({
      ...options,
      ...TEST_KEY,
      baseURL: url,
      defaultHeaders: headers ?? {},
    })
    return async (what, how, signal) => {
      const request = {
        model: "claude-haiku-4-5",
        max_tokens: 500,
        messages: [{ role: "user" as const, content: what }],
      }
      const more = signal === undefined ? {} : { signal }
      return how === "json"
        ? client.messages.create(request, more)
        : client.messages.create({ ...request, stream: true }, more)
    }
  }

const TEST_KEY = { apiKey: "not-a-key" }

/** Each official SDK, in this major and the one before. */
export const SDKS: readonly Sdk[] = [
  ...OPENAI.flatMap(([name, Client]) => [
    { name: `${name}, chat`, nano: GPT_5_NANO, client: chat(Client) },
    { name: `${name}, responses`, nano: GPT_5_NANO, client: responses(Client) },
  ]),
  ...ANTHROPIC.map(([name, Client]) => ({ name, nano: HAIKU_NANO, client: messages(Client) })),
]

/** An answer, or all events of a stream; an error by what a host would look at. */
export const outcomeOf = async (run: Promise<unknown>): Promise<unknown> => {
  const events: unknown[] = []
  try {
    const answer = await run
    if (!isStream(answer)) return { answer: plain(answer) }
    for await (const event of answer) events.push(plain(event))
    return { events }
  } catch (error) {
    const { name, message, status, code, type } = error as Record<string, unknown>
    return { events, error: plain({ name, message, status, code, type }) }
  }
}

export const isStream = (value: unknown): value is AsyncIterable<unknown> =>
  typeof value === "object" && value !== null && Symbol.asyncIterator in value

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

import Anthropic from "@anthropic-ai/sdk"
import AnthropicPrevious from "anthropic-previous"
import OpenAI from "openai"
import OpenAIPrevious from "openai-previous"

/** The official SDKs, this major and the one before. */
export const OPENAI: readonly (readonly [string, typeof OpenAI])[] = [
  ["openai", OpenAI],
  ["openai, previous major", OpenAIPrevious as unknown as typeof OpenAI],
]
export const ANTHROPIC: readonly (readonly [string, typeof Anthropic])[] = [
  ["anthropic", Anthropic],
  ["anthropic, previous major", AnthropicPrevious as unknown as typeof Anthropic],
]

export const openai = (Sdk: typeof OpenAI, fetcher: typeof fetch, url?: string): OpenAI =>
  new Sdk({ apiKey: "sk", fetch: fetcher, baseURL: url ?? "https://api.openai.com/v1" })

export const anthropic = (Sdk: typeof Anthropic, fetcher: typeof fetch, url?: string): Anthropic =>
  new Sdk({ apiKey: "sk", fetch: fetcher, baseURL: url ?? "https://api.anthropic.com" })

const messages = [{ role: "user" as const, content: "hello" }]

/** One call of each kind that a client can make, at its default retries. */
export const calls: readonly (readonly [string, (fetcher: typeof fetch) => Promise<unknown>])[] = [
  ...OPENAI.flatMap(([name, Sdk]) => [
    [
      `${name} chat`,
      (fetcher: typeof fetch) =>
        openai(Sdk, fetcher).chat.completions.create({ model: "gpt-5", messages }),
    ] as const,
    [
      `${name} chat stream`,
      (fetcher: typeof fetch) =>
        openai(Sdk, fetcher).chat.completions.create({ model: "gpt-5", messages, stream: true }),
    ] as const,
    [
      `${name} chat stream helper`,
      (fetcher: typeof fetch) =>
        openai(Sdk, fetcher)
          .chat.completions.stream({ model: "gpt-5", messages })
          .finalChatCompletion(),
    ] as const,
    [
      `${name} responses`,
      (fetcher: typeof fetch) =>
        openai(Sdk, fetcher).responses.create({ model: "gpt-5", input: "hello" }),
    ] as const,
    [
      `${name} responses stream`,
      (fetcher: typeof fetch) =>
        openai(Sdk, fetcher).responses.create({ model: "gpt-5", input: "hello", stream: true }),
    ] as const,
    [
      `${name} embeddings`,
      (fetcher: typeof fetch) =>
        openai(Sdk, fetcher).embeddings.create({ model: "text-embedding-3-small", input: "hello" }),
    ] as const,
  ]),
  ...ANTHROPIC.flatMap(([name, Sdk]) => [
    [
      `${name} messages`,
      (fetcher: typeof fetch) =>
        anthropic(Sdk, fetcher).messages.create({
          model: "claude-haiku-4-5",
          max_tokens: 100,
          messages,
        }),
    ] as const,
    [
      `${name} messages stream`,
      (fetcher: typeof fetch) =>
        anthropic(Sdk, fetcher).messages.create({
          model: "claude-haiku-4-5",
          max_tokens: 100,
          messages,
          stream: true,
        }),
    ] as const,
    [
      `${name} messages stream helper`,
      (fetcher: typeof fetch) =>
        anthropic(Sdk, fetcher)
          .messages.stream({ model: "claude-haiku-4-5", max_tokens: 100, messages })
          .finalMessage(),
    ] as const,
  ]),
]

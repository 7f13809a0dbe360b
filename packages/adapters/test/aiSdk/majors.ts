import { createOpenAI as createOpenAi7 } from "@ai-sdk/openai"
import * as ai7 from "ai"
import * as ai5 from "ai-5"
import * as ai6 from "ai-6"
import { createOpenAI as createOpenAi5 } from "ai-sdk-openai-2"
import { createOpenAI as createOpenAi6 } from "ai-sdk-openai-3"
import type { AiSdkGuard } from "../../src/aiSdk.ts"

Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

type Options = Readonly<Record<string, unknown>>

export interface Generated {
  readonly text: string
  readonly usage: { readonly inputTokens: number; readonly outputTokens: number }
  readonly steps: readonly unknown[]
}

export interface Streamed {
  readonly textStream: ReadableStream<string> & AsyncIterable<string>
  readonly fullStream: AsyncIterable<{ readonly type: string; readonly error?: unknown }>
  readonly usage: Promise<Generated["usage"]>
}

/** What all majors have alike, as far as the tests use it. */
export interface Sdk {
  readonly generateText: (options: Options) => Promise<Generated>
  readonly streamText: (options: Options) => Streamed
  readonly generateObject: (options: Options) => Promise<{ readonly object: unknown }>
  readonly embed: (options: Options) => Promise<{
    readonly embedding: readonly number[]
    readonly usage: { readonly tokens: number }
  }>
  readonly tool: (options: Options) => unknown
  readonly jsonSchema: (schema: Options) => unknown
  readonly stepCountIs: (count: number) => unknown
}

export interface Major {
  readonly name: string
  readonly sdk: Sdk
  /** The chat model of a provider at that address. */
  readonly chat: (id: string, provider: ProviderOptions) => unknown
  readonly embedding: (id: string, provider: ProviderOptions) => unknown
  /** The same models behind a guard; null where a major has no middleware of ours. */
  readonly guarded: {
    readonly chat: (id: string, provider: ProviderOptions, guard: AiSdkGuard) => unknown
    readonly embedding: (id: string, provider: ProviderOptions, guard: AiSdkGuard) => unknown
  } | null
}

export interface ProviderOptions {
  readonly baseURL: string
  readonly fetch?: typeof fetch
}

const keyed = (provider: ProviderOptions) => ({ ...provider, apiKey: "not-a-key" })

export const MAJORS: readonly Major[] = [
  {
    name: "ai 7",
    sdk: { ...ai7, stepCountIs: ai7.isStepCount } as unknown as Sdk,
    chat: (id, provider) => createOpenAi7(keyed(provider)).chat(id),
    embedding: (id, provider) => createOpenAi7(keyed(provider)).embedding(id),
    guarded: {
      chat: (id, provider, guard) =>
        ai7.wrapLanguageModel({
          model: createOpenAi7(keyed(provider)).chat(id),
          middleware: guard.language,
        }),
      embedding: (id, provider, guard) =>
        ai7.wrapEmbeddingModel({
          model: createOpenAi7(keyed(provider)).embedding(id),
          middleware: guard.embedding,
        }),
    },
  },
  {
    name: "ai 6",
    sdk: ai6 as unknown as Sdk,
    chat: (id, provider) => createOpenAi6(keyed(provider)).chat(id),
    embedding: (id, provider) => createOpenAi6(keyed(provider)).embedding(id),
    guarded: {
      chat: (id, provider, guard) =>
        ai6.wrapLanguageModel({
          model: createOpenAi6(keyed(provider)).chat(id),
          middleware: guard.language,
        }),
      embedding: (id, provider, guard) =>
        ai6.wrapEmbeddingModel({
          model: createOpenAi6(keyed(provider)).embedding(id),
          middleware: guard.embedding,
        }),
    },
  },
  {
    name: "ai 5",
    sdk: ai5 as unknown as Sdk,
    chat: (id, provider) => createOpenAi5(keyed(provider)).chat(id),
    embedding: (id, provider) => createOpenAi5(keyed(provider)).textEmbeddingModel(id),
    guarded: null,
  },
]

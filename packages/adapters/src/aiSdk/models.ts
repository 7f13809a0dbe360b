/** What any model of the AI SDK says of itself. */
export interface NamedModel {
  /** `v3` of `ai` 6, `v4` of `ai` 7. */
  readonly specificationVersion: string
  /** As the SDK names it: `openai.responses`. */
  readonly provider: string
  readonly modelId: string
}

/** What is read of the parameters of any call. */
export interface CallParams {
  readonly providerOptions?: unknown
  readonly abortSignal?: AbortSignal | undefined
}

/** What is read of a language model's call; the rest goes along. */
export interface LanguageParams extends CallParams {
  readonly prompt: readonly unknown[]
  readonly maxOutputTokens?: number | undefined
  readonly tools?: readonly unknown[] | undefined
  readonly responseFormat?: unknown
  readonly reasoning?: unknown
}

/** What is read of a language model's answer. */
export interface GenerateResult {
  readonly content: readonly unknown[]
  readonly usage: unknown
  readonly providerMetadata?: unknown
  readonly response?: unknown
}

/** A language model's answer in parts. */
export interface StreamResult {
  readonly stream: ReadableStream<unknown>
}

/** A language model as a middleware is handed it. */
export interface LanguageModel<Params, Generated, Streamed> extends NamedModel {
  readonly doGenerate: (params: Params) => PromiseLike<Generated>
  readonly doStream: (params: Params) => PromiseLike<Streamed>
}

/** For `wrapLanguageModel` of `ai` 6 and 7. */
export interface LanguageMiddleware {
  readonly specificationVersion: "v3"
  readonly wrapGenerate: <
    Params extends LanguageParams,
    Generated extends GenerateResult,
    Streamed extends StreamResult,
  >(call: {
    readonly params: Params
    readonly model: LanguageModel<Params, Generated, Streamed>
  }) => Promise<Generated>
  readonly wrapStream: <
    Params extends LanguageParams,
    Generated extends GenerateResult,
    Streamed extends StreamResult,
  >(call: {
    readonly params: Params
    readonly model: LanguageModel<Params, Generated, Streamed>
  }) => Promise<Streamed>
}

/** What is read of an embedding model's call. */
export interface EmbeddingParams extends CallParams {
  readonly values: readonly string[]
}

/** What is read of an embedding model's answer. */
export interface EmbeddingResult {
  readonly usage?: { readonly tokens: number } | undefined
}

/** For `wrapEmbeddingModel` of `ai` 6 and 7. */
export interface EmbeddingMiddleware {
  readonly specificationVersion: "v3"
  readonly wrapEmbed: <Embedded extends EmbeddingResult>(call: {
    readonly doEmbed: () => PromiseLike<Embedded>
    readonly params: EmbeddingParams
    readonly model: NamedModel
  }) => Promise<Embedded>
}

/** What is read of an image model's call. */
export interface ImageParams extends CallParams {
  readonly prompt: string | undefined
  readonly n: number
  readonly size: string | undefined
  readonly files: readonly unknown[] | undefined
  readonly mask: unknown
}

/** What is read of an image model's answer. */
export interface ImageResult {
  readonly usage?:
    | { readonly inputTokens: number | undefined; readonly outputTokens: number | undefined }
    | undefined
}

/** For `wrapImageModel` of `ai` 6 and 7. */
export interface ImageMiddleware {
  readonly specificationVersion: "v3"
  readonly wrapGenerate: <Drawn extends ImageResult>(call: {
    readonly doGenerate: () => PromiseLike<Drawn>
    readonly params: ImageParams
    readonly model: NamedModel
  }) => Promise<Drawn>
}

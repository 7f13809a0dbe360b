import { NotifyFailed } from "@spendfuse/core"
import { retryAfterMsOf } from "./retryAfter.ts"

/** One message to the far side. Always a POST that follows no redirect. */
export interface PostRequest {
  /** Of the host's configuration, never of an event. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  /**
   * Names a refusal by its status and text, for an operator to read: return words of your own, never the
   * text itself, which may repeat a secret.
   */
  readonly explain?: (answer: Answer) => string | null
}

/** What the far side said. */
export interface Answer {
  readonly status: number
  /** Its body, up to 64 KiB. */
  readonly text: string
  /** How long it asks to wait, milliseconds, at most a day; null where it does not say. */
  readonly retryAfterMs: number | null
}

/**
 * Sends one message and resolves with an answer of 200 to 299.
 *
 * @throws NotifyFailed retryable after 408, 425, 429 and 500 to 599, where nobody answers in time or at all;
 *   final after every other answer, redirects included
 */
export type Post = (request: PostRequest) => Promise<Answer>

/** What a post needs to know of its notifier. */
export interface PostOptions {
  readonly name: string
  readonly fetch: typeof globalThis.fetch
  readonly timeoutMs: number
}

const BODY_MAX_BYTES = 65_536
const RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429])

/** The post of one delivery: it stops with the delivery's signal, or when its own time is over. */
export const postOf =
  (options: PostOptions, signal: AbortSignal): Post =>
  async (request) => {
    const answer = await exchange(options, request, signal)
    const { status, retryAfterMs } = answer
    if (status >= 200 && status < 300) return answer
    const words = request.explain?.(answer) ?? null
    throw new NotifyFailed(options.name, {
      retryable: RETRYABLE.has(status) || status >= 500,
      detail: words === null ? `status ${status}` : `status ${status}, ${words}`,
      ...(retryAfterMs !== null && { retryAfterMs }),
    })
  }

/** The error of a failed `fetch` is dropped: runtimes write the whole URL into it. */
const exchange = async (
  { name, fetch, timeoutMs }: PostOptions,
  { url, headers, body }: PostRequest,
  signal: AbortSignal,
): Promise<Answer> => {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)])
  const ended = new Promise<never>((_, reject) => {
    limit.addEventListener("abort", () => reject(limit.reason), { once: true })
  })
  ended.catch(() => undefined)
  try {
    limit.throwIfAborted()
    const sent = fetch(url, {
      method: "POST",
      redirect: "manual",
      signal: limit,
      body,
      ...(headers && { headers }),
    })
    const response = await Promise.race([sent, ended])
    const text = await Promise.race([textOf(response), ended])
    return { status: response.status, text, retryAfterMs: retryAfterMsOf(response.headers) }
  } catch {
    const detail = signal.aborted
      ? "it was stopped"
      : limit.aborted
        ? `no answer within ${timeoutMs} ms`
        : "no connection"
    throw new NotifyFailed(name, { retryable: true, detail })
  }
}

/** As much of a body as a judgement needs: an endless one must not fill the memory. */
const textOf = async (response: Response): Promise<string> => {
  if (response.body === null) return ""
  const reader = response.body.getReader()
  const decoder = new TextDecoder()
  let text = ""
  for (let bytes = 0; bytes < BODY_MAX_BYTES; ) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    bytes += value.byteLength
    text += decoder.decode(value, { stream: true })
  }
  await reader.cancel().catch(() => undefined)
  return text
}

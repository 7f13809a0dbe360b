/** What a caller asks of `fetch`, read without changing it. */
export interface Incoming {
  readonly input: RequestInfo | URL
  readonly init: RequestInit | undefined
  readonly url: URL
  readonly method: string
  /** As they will be sent; a copy. */
  readonly headers: Headers
  readonly signal: AbortSignal | undefined
}

/** A body in plain text, and what to send in its place: itself, or its bytes where reading used it up. */
export interface ReadBody {
  readonly text: string
  readonly sent: BodyInit
}

/** @throws TypeError where the URL is not one, as `fetch` does */
export const incomingOf = (input: RequestInfo | URL, init: RequestInit | undefined): Incoming => {
  const request = isRequest(input) ? input : null
  return {
    input,
    init,
    url: new URL(request?.url ?? String(input)),
    method: (init?.method ?? request?.method ?? "GET").toUpperCase(),
    headers: new Headers(init?.headers ?? request?.headers),
    signal: (init?.signal === undefined ? request?.signal : init.signal) ?? undefined,
  }
}

/**
 * Reads the body of a call; null where it is none, a form, compressed, or not UTF-8.
 *
 * @throws what `fetch` throws where the body was used already, fails, or the signal aborts
 */
export const readBody = async (incoming: Incoming): Promise<ReadBody | null> => {
  const { input, init, headers, signal } = incoming
  const encoding = headers.get("content-encoding")
  if (encoding !== null && encoding !== "identity") return null
  const body = init?.body ?? null
  if (typeof body === "string") return { text: body, sent: body }
  if (isForm(body)) return null
  if (body === null) {
    if (!isRequest(input) || input.body === null) return null
    return inText(await raced(input.arrayBuffer(), signal), null)
  }
  const kept = body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body)
  return inText(await raced(new Response(body).arrayBuffer(), signal), kept ? body : null)
}

/** The call as a Request of its own, for the host's functions. */
export const requestOf = (incoming: Incoming, text: string | null): Request => {
  const { url, method, headers, signal } = incoming
  return new Request(url, {
    method,
    headers,
    ...(text !== null && { body: text }),
    ...(signal !== undefined && { signal }),
  })
}

/** A Request of this realm or of another library's. */
export const isRequest = (input: RequestInfo | URL): input is Request =>
  typeof input === "object" && "url" in input

const isForm = (body: BodyInit | null): boolean =>
  body instanceof FormData || body instanceof URLSearchParams

const inText = (bytes: ArrayBuffer, kept: BodyInit | null): ReadBody | null => {
  try {
    return { text: utf8.decode(bytes), sent: kept ?? bytes }
  } catch {
    return null
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const raced = <Value>(value: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> => {
  if (signal === undefined) return value
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener("abort", onAbort, { once: true })
    value.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort))
  })
}

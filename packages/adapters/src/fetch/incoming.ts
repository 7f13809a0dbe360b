/** What a caller asks of `fetch`, read without changing it. */
export interface Incoming {
  readonly input: RequestInfo | URL
  readonly init: RequestInit | undefined
  /** As it was given, whole. */
  readonly href: string
  readonly method: string
  readonly signal: AbortSignal | undefined
}

/** A body in plain text, and what to send in its place: itself, or its bytes where reading used it up. */
export interface ReadBody {
  readonly text: string
  readonly sent: BodyInit
}

export const incomingOf = (input: RequestInfo | URL, init: RequestInit | undefined): Incoming => {
  const request = isRequest(input) ? input : null
  return {
    input,
    init,
    href: request?.url ?? String(input),
    method: (init?.method ?? request?.method ?? "GET").toUpperCase(),
    signal: (init?.signal === undefined ? request?.signal : init.signal) ?? undefined,
  }
}

/** All headers as they came; a copy. */
export const headersOf = ({ input, init }: Incoming): Headers =>
  new Headers(init?.headers ?? (isRequest(input) ? input.headers : undefined))

/** One header by its name in lower case, without a copy of the others; null where it is not there. */
export const headerOf = ({ input, init }: Incoming, name: string): string | null => {
  const headers = init?.headers ?? (isRequest(input) ? input.headers : undefined)
  if (headers === undefined) return null
  if (headers instanceof Headers) return headers.get(name)
  if (Array.isArray(headers) || Symbol.iterator in headers) return new Headers(headers).get(name)
  for (const key in headers)
    if (key.length === name.length && key.toLowerCase() === name) return headers[key] ?? null
  return null
}

/**
 * Reads the body of a call; null where it is none, a form, compressed, or not UTF-8.
 *
 * @throws what `fetch` throws where the body was used already, fails, or the signal aborts
 */
export const readBody = (incoming: Incoming): Promise<ReadBody | null> | ReadBody | null => {
  const { input, init, signal } = incoming
  const encoding = headerOf(incoming, "content-encoding")
  if (encoding !== null && encoding !== "identity") return null
  const body = init?.body ?? null
  if (typeof body === "string") return { text: body, sent: body }
  if (isForm(body)) return null
  if (body === null) {
    if (!isRequest(input) || input.body === null) return null
    return raced(input.arrayBuffer(), signal).then((bytes) => inText(bytes, null))
  }
  // A buffer may be written to again as soon as the caller goes on: what was read is sent.
  const kept = body instanceof Blob ? body : null
  const bytes = raced(new Response(body).arrayBuffer(), signal)
  return bytes.then((read) => inText(read, kept))
}

/** The call as a Request of its own, for the host's functions. */
export const requestOf = (incoming: Incoming, text: string | null): Request => {
  const { href, method, signal } = incoming
  return new Request(href, {
    method,
    headers: headersOf(incoming),
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

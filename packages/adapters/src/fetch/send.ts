import { headerOf, headersOf, type Incoming, isRequest, type ReadBody } from "./incoming.ts"
import { type Edit, rewrite } from "./rewrite.ts"
import { SUBJECT_HEADER } from "./subject.ts"

type Fetch = typeof fetch

/** As it came: the very input and init, without the header that is ours. */
export const passOn = (upstream: Fetch | undefined, incoming: Incoming): Promise<Response> => {
  const { input, init } = incoming
  const send = upstream ?? ownFetch()
  const headers = sentHeaders(incoming, false)
  return headers === null ? send(input, init) : send(input, { ...init, headers })
}

/** With its body, changed only where it must be; every other field of `init` goes along. */
export const sendChanged = (
  upstream: Fetch | undefined,
  incoming: Incoming,
  read: ReadBody,
  changes: { readonly edits: readonly Edit[]; readonly pathname: string | null },
): Promise<Response> => {
  const { input, init, href, method, signal } = incoming
  const send = upstream ?? ownFetch()
  const { edits, pathname } = changes
  const body = edits.length === 0 ? read.sent : changed(read, edits)
  const headers = sentHeaders(incoming, body !== init?.body)
  if (pathname === null && headers === null && body === init?.body) return send(input, init)
  const sent = { ...init, body, ...(headers !== null && { headers }) }
  if (pathname === null) return send(input, sent)
  const moved = new URL(href)
  moved.pathname = pathname
  const own = isRequest(input) ? { redirect: input.redirect, credentials: input.credentials } : {}
  return send(moved.href, {
    ...own,
    ...sent,
    method,
    headers: headers ?? headersOf(incoming),
    ...(signal !== undefined && { signal }),
  })
}

/**
 * The runtime's own, as it is when the call is made. Deno's sends a POST of text or bytes again by itself where a
 * kept connection broke after it had been received (2.9.6): the provider would bill two calls and one would be
 * counted. A Blob it sends once.
 */
const ownFetch = (): Fetch => {
  const own = globalThis.fetch
  return "Deno" in globalThis ? (input, init) => own(input, sentOnce(init)) : own
}

const sentOnce = (init: RequestInit | undefined): RequestInit | undefined => {
  const body = init?.body
  if (typeof body === "string")
    return { ...init, body: new Blob([body], { type: "text/plain;charset=utf-8" }) }
  return body instanceof Uint8Array ? { ...init, body: new Blob([body.slice()]) } : init
}

/** Null where they go as they are. */
const sentHeaders = (incoming: Incoming, isNewBody: boolean): Headers | null => {
  const hasSubject = headerOf(incoming, SUBJECT_HEADER) !== null
  const hasLength = isNewBody && headerOf(incoming, "content-length") !== null
  if (!hasSubject && !hasLength) return null
  const sent = headersOf(incoming)
  sent.delete(SUBJECT_HEADER)
  if (hasLength) sent.delete("content-length")
  return sent
}

/** Text stays text and bytes bytes, so that the content type that `fetch` adds is the same. */
const changed = ({ text, sent }: ReadBody, edits: readonly Edit[]): BodyInit => {
  const edited = rewrite(text, edits)
  if (typeof sent === "string") return edited
  if (sent instanceof Blob) return new Blob([edited], { type: sent.type })
  return new TextEncoder().encode(edited)
}

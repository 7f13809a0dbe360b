/** A body as it goes on: text where it is UTF-8, for it is read; null where there is none. */
export type Taken =
  | { readonly ok: true; readonly body: string | Uint8Array<ArrayBuffer> | null }
  | { readonly ok: false; readonly why: "too-large" | "broken" }

/** Takes a body of at most so many bytes; no more of it is kept, whatever it says of its length. */
export const take = async (request: Request, maxBytes: number): Promise<Taken> => {
  if (request.method === "GET" || request.method === "HEAD") return NONE
  const said = Number(request.headers.get("content-length") ?? Number.NaN)
  if (said > maxBytes) return TOO_LARGE
  try {
    // A length that was said is held to by every HTTP server.
    const bytes = Number.isNaN(said)
      ? await counted(request, maxBytes)
      : new Uint8Array(await request.arrayBuffer())
    if (bytes === null || bytes.byteLength > maxBytes) return TOO_LARGE
    if (bytes.byteLength === 0) return NONE
    return { ok: true, body: isText(request) ? (inText(bytes) ?? bytes) : bytes }
  } catch {
    return { ok: false, why: "broken" }
  }
}

const NONE: Taken = { ok: true, body: null }
const TOO_LARGE: Taken = { ok: false, why: "too-large" }

const counted = async (
  request: Request,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | null> => {
  if (request.body === null) return new Uint8Array()
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  const reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> = request.body.getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return new Uint8Array(await new Blob(chunks).arrayBuffer())
    length += value.byteLength
    if (length > maxBytes) {
      await reader.cancel().catch(() => undefined)
      return null
    }
    chunks.push(value)
  }
}

/** What is compressed or a form stays as it is. */
const isText = ({ headers }: Request): boolean =>
  headers.get("content-encoding") === null &&
  headers.get("content-type")?.startsWith("multipart/") !== true

const inText = (bytes: Uint8Array): string | null => {
  try {
    return utf8.decode(bytes)
  } catch {
    return null
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

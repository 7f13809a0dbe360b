/** A body that was read, or why it was not. */
export type Body =
  | { readonly ok: true; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly ok: false; readonly why: "too-large" | "broken" }

/** Reads a body of at most so many bytes: an endless one must not fill the memory. */
export const bodyOf = async (request: Request, maxBytes: number): Promise<Body> => {
  const said = request.headers.get("content-length")
  if (said !== null && Number(said) > maxBytes) return TOO_LARGE
  if (request.body === null) return { ok: true, bytes: new Uint8Array() }
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    const reader = request.body.getReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return { ok: true, bytes: joined(chunks, length) }
      length += value.byteLength
      if (length > maxBytes) {
        await reader.cancel().catch(() => undefined)
        return TOO_LARGE
      }
      chunks.push(value)
    }
  } catch {
    return { ok: false, why: "broken" }
  }
}

/** UTF-8 as text; undefined where the bytes are none. */
export const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const TOO_LARGE: Body = { ok: false, why: "too-large" }

const joined = (chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.byteLength
  }
  return bytes
}

import { fieldOf, type Seen, text } from "../fetch/seen.ts"

/**
 * Notes a part that is a file of any kind, in the forms of both specifications.
 *
 * @returns the bytes of it that count as text, or null where it is no file
 */
export const noteMedia = (part: unknown, seen: Seen): number | null => {
  const type = text(fieldOf(part, "type")) ?? ""
  if (!FILES.test(type)) return null
  const media = text(fieldOf(part, "mediaType")) ?? (type.startsWith("image") ? "image" : "")
  const bytes = PART_BYTES + utf8Length(text(fieldOf(part, "filename")) ?? "")
  const inline = bytesOf(fieldOf(part, "data"))
  if (media.startsWith("image")) {
    seen.images += 1
    return bytes
  }
  // A film's bytes say nothing of its length, a document's nothing of its pages; sound has more bytes than tokens.
  const isCounted = /^(?:text|audio)/.test(media) && inline !== null
  if (!media.startsWith("text")) seen.audio ||= /^(?:audio|video|$)/.test(media)
  if (!isCounted) seen.isStored = true
  return bytes + (isCounted ? inline : 0)
}

const FILES = /^(?:file|image|media|reasoning-file)/
/** A part's braces and names. */
const PART_BYTES = 64

/** Null where it lies elsewhere. */
const bytesOf = (data: unknown): number | null => {
  if (data instanceof Uint8Array) return data.byteLength
  if (typeof data === "string") return utf8Length(data)
  const inner = fieldOf(data, "data") ?? fieldOf(data, "text")
  return inner === undefined || data instanceof URL ? null : bytesOf(inner)
}

/** How many bytes a text has in UTF-8. */
export const utf8Length = (value: string): number => encoder.encode(value).length
const encoder = new TextEncoder()

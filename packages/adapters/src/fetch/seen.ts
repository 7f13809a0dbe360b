export type Json = Readonly<Record<string, unknown>>

/** What of a body its bytes do not show: media, what it only names, tools that the provider runs. */
export interface Seen {
  images: number
  /** Bytes of images and documents written into the body, which are counted otherwise. */
  mediaBytes: number
  /** It names what is kept elsewhere, or holds a document that may have any number of pages. */
  isStored: boolean
  audio: boolean
  /** Searches that its tools may make, as far as they say; each is billed. */
  searches: number
  /** Tools that search, and say no limit. */
  openSearches: number
  /** Other tools that the provider runs, letting the model read on, in the same call. */
  openRounds: number
  /** The body's own bound of all that the provider's tools do. */
  callsMost: number | undefined
  hasTools: boolean
  /** Tools that the provider defines. */
  serverTools: number
  /** What was said before is summed up first: the same model reads it once more. */
  compacts: boolean
}

export const count = (value: unknown): number | undefined =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined

export const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined

/** A field of what may be no object. */
export const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? (value as Json)[name] : undefined

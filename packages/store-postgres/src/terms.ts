import { createHash } from "node:crypto"
import type { Terms } from "@spendfuse/core/domain"
import { type Decoded, type Plain, termsFromWire, termsToWire } from "@spendfuse/core/wire"

/** What the server calls terms: 128 bits of SHA-256 of their id, for each meter and each list of lines holds it. */
export const termsName = (terms: Terms): string => {
  const known = names.get(terms)
  if (known !== undefined) return known
  const name = createHash("sha256").update(terms.id).digest("hex").slice(0, 32)
  names.set(terms, name)
  return name
}

const names = new WeakMap<Terms, string>()

/** Terms as the server keeps them: under their name, with their own id beside it. */
export const termsToServer = (terms: Terms): Plain => {
  const plain = termsToWire(terms) as { readonly id: string }
  return { ...plain, id: termsName(terms), own: plain.id }
}

/** Reads the same back. */
export const termsFromServer = (kept: unknown): Decoded<Terms> => {
  const { own, ...plain } = (kept ?? {}) as Readonly<Record<string, unknown>>
  return termsFromWire({ ...plain, id: own ?? plain.id })
}

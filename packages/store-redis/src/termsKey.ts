import { createHash } from "node:crypto"
import type { Terms } from "@spendfuse/core/domain"

/** What the server knows terms by: 22 characters that stand for their id, which is as long as what they say. */
export const termsKeyOf = (terms: Terms): string => {
  let key = keys.get(terms)
  if (key === undefined) {
    key = createHash("sha256").update(terms.id).digest("base64url").slice(0, 22)
    keys.set(terms, key)
  }
  return key
}

const keys = new WeakMap<Terms, string>()

/** Whom a request comes from, as its credential says. */
export interface Credential {
  /** Who it is, for the audit; null where several share the credential, and each command says `by` itself. */
  readonly by: string | null
  /** What it may do: `read` changes nothing; `operate` unless given. */
  readonly may?: "read" | "operate"
}

/**
 * Says whom a request comes from. Null is nobody: the answer is 401. A Response is sent as it is, such as a
 * redirect to a sign-in. What it throws is answered with 500, and nothing is done.
 */
export type Auth = (
  request: Request,
) => Promise<Credential | Response | null> | Credential | Response | null

const BY_MAX = 200

/** A credential that can be used; null for whatever a hook answers beside that: nobody gets in by a mistake. */
export const credentialOf = (found: unknown): Credential | null => {
  if (typeof found !== "object" || found === null || !("by" in found)) return null
  const { by } = found
  const may: unknown = "may" in found ? found.may : undefined
  if (may !== undefined && may !== "read" && may !== "operate") return null
  if (by !== null && (typeof by !== "string" || by.trim() === "" || by.length > BY_MAX)) return null
  return { by, may: may ?? "operate" }
}

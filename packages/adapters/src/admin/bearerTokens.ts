import { fromHex, isSameDigest, sha256 } from "../http/mac.ts"
import type { Auth, Credential } from "./auth.ts"

/** A token, and what it may do. */
export interface BearerToken {
  /** The token itself, 32 characters or more, or `sha256:` and the 64 hexadecimal digits of its hash. */
  readonly token: string
  /** `read` changes nothing; `operate` unless given. */
  readonly may?: "read" | "operate"
  /** Several people use it: each command must say `by` itself. False unless given. */
  readonly shared?: boolean
}

/**
 * People by their tokens, sent as `Authorization: Bearer TOKEN`. The name is whom the audit shows. Hashes are
 * compared, all of them and each in constant time.
 *
 * @param people by name: a token, its hash, or both with what it may do
 * @throws TypeError where there is none, or one is short, malformed, or given twice; the error does not repeat it
 */
export const bearerTokens = (people: Readonly<Record<string, string | BearerToken>>): Auth => {
  const given = Object.entries(people).map(([name, how]) => personOf(name, how))
  if (given.length === 0)
    throw new TypeError("`bearerTokens` is given nobody; name one, with a token")
  if (new Set(given.map(({ token }) => token)).size < given.length)
    throw new TypeError("two people have one token; give each their own")
  let made: Promise<readonly Known[]> | undefined
  return async (request) => {
    made ??= Promise.all(given.map(knownOf))
    const token = tokenOf(request)
    const digest = await sha256(token ?? "")
    let found: Credential | null = null
    for (const { hash, credential } of await made)
      if (isSameDigest(hash, digest)) found = credential
    return token === null ? null : found
  }
}

interface Person {
  readonly credential: Credential
  readonly token: string
}

interface Known {
  readonly credential: Credential
  readonly hash: Uint8Array
}

const TOKEN = /^[A-Za-z0-9._~+/=-]{32,512}$/
const HASHED = "sha256:"

const personOf = (name: string, how: string | BearerToken): Person => {
  const { token, may = "operate", shared = false } = typeof how === "string" ? { token: how } : how
  if (name.trim() === "") throw new TypeError("a token of `bearerTokens` has no name; give one")
  const isGood =
    typeof token === "string" &&
    (token.startsWith(HASHED)
      ? fromHex(token.slice(HASHED.length)) !== undefined
      : TOKEN.test(token))
  if (!isGood)
    throw new TypeError(
      `the token of \`${name.slice(0, 40)}\` must be 32 to 512 letters, digits and \`._~+/=-\`, or \`${HASHED}\` and 64 hexadecimal digits`,
    )
  return { token, credential: { by: shared ? null : name, may } }
}

const knownOf = async ({ token, credential }: Person): Promise<Known> => ({
  credential,
  hash: token.startsWith(HASHED)
    ? (fromHex(token.slice(HASHED.length)) as Uint8Array)
    : await sha256(token),
})

/** One header, one token: two headers arrive joined, and are none. */
const tokenOf = (request: Request): string | null => {
  const header = request.headers.get("authorization") ?? ""
  const token = /^Bearer +(\S+) *$/i.exec(header)?.[1]
  return token !== undefined && TOKEN.test(token) ? token : null
}

import { RequestFailed, type Subject } from "@spendfuse/core"
import type { KeepBack } from "./options.ts"

/** The header by which a session travels to another process. */
export const SESSION_HEADER = "x-spendfuse-session"

/** `fetch(url, { headers: sessionHeader(await session.token()) })` */
export const sessionHeader = (token: string): Record<string, string> => ({
  [SESSION_HEADER]: token,
})

/** What a token says; nobody without the secret can make one that says something else. */
export interface TokenContent {
  readonly subject: Subject
  /** What whoever opened the session keeps back, so that a helper knows what it will never get. */
  readonly keptBack: readonly KeepBack[]
  readonly expiresAtMs: number
}

/** Signs and reads tokens: `content.signature`, HMAC-SHA256, both base64url. */
export class Tokens {
  readonly #secrets: readonly string[]
  #keys: Promise<readonly CryptoKey[]> | null = null

  /** @throws TypeError where a secret is too short to keep */
  constructor(secrets: readonly string[]) {
    for (const [at, secret] of secrets.entries())
      if (typeof secret !== "string" || secret.length < SECRET_MIN)
        throw new TypeError(
          `\`secrets[${at}]\` must be a text of at least ${SECRET_MIN} characters`,
        )
    this.#secrets = secrets
  }

  /** @throws TypeError where there is no secret */
  async sign(content: TokenContent): Promise<string> {
    const [key] = await this.#allKeys()
    if (key === undefined)
      throw new TypeError("nothing signs a token; give `openSessions` `secrets`")
    const text = toBase64url(encoder.encode(JSON.stringify(content)))
    const signature = await crypto.subtle.sign("HMAC", key, signedBytes(text))
    return `${text}.${toBase64url(new Uint8Array(signature))}`
  }

  /**
   * Nothing of it is looked at before its signature is found good.
   *
   * @throws RequestFailed `invalid-command` where it is not one of these secrets', or has expired
   */
  async read(token: string, nowMs: number): Promise<TokenContent> {
    const [text = "", signed = "", ...more] = token.length > TOKEN_MAX ? [] : token.split(".")
    const signature = fromBase64url(signed)
    if (signature === null || more.length > 0) throw forged()
    const keys = await this.#allKeys()
    const found = await Promise.all(
      keys.map((key) => crypto.subtle.verify("HMAC", key, signature, signedBytes(text))),
    )
    const bytes = found.includes(true) ? fromBase64url(text) : null
    if (bytes === null) throw forged()
    const content = JSON.parse(new TextDecoder().decode(bytes)) as TokenContent
    if (nowMs >= content.expiresAtMs)
      throw new RequestFailed("invalid-command", "the session token has expired; ask for a new one")
    return content
  }

  #allKeys(): Promise<readonly CryptoKey[]> {
    this.#keys ??= Promise.all(
      this.#secrets.map((secret) =>
        crypto.subtle.importKey(
          "raw",
          encoder.encode(secret),
          { name: "HMAC", hash: "SHA-256" },
          false,
          ["sign", "verify"],
        ),
      ),
    )
    return this.#keys
  }
}

const SECRET_MIN = 32
/** What a header holds with every server. */
const TOKEN_MAX = 4_096

const forged = (): RequestFailed =>
  new RequestFailed("invalid-command", "the session token was not signed here")

/** A secret that signs something else as well must not sign this by chance. */
const signedBytes = (text: string): Uint8Array<ArrayBuffer> =>
  encoder.encode(`spendfuse session 1\n${text}`)

const encoder = new TextEncoder()

const toBase64url = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")

const fromBase64url = (text: string): Uint8Array<ArrayBuffer> | null => {
  if (text === "" || !/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return null
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
  return Uint8Array.from(binary, (unit) => unit.charCodeAt(0))
}

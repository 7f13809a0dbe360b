import { RequestFailed, type Subject } from "@spendfuse/core"
import { fromBase64url, type Macs, macsOf, toBase64url, utf8 } from "../http/mac.ts"
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
  readonly #macs: Macs | null

  /** @throws TypeError where a secret is too short to keep */
  constructor(secrets: readonly string[]) {
    this.#macs = secrets.length === 0 ? null : macsOf(secrets)
  }

  /** @throws TypeError where there is no secret */
  async sign(content: TokenContent): Promise<string> {
    if (this.#macs === null)
      throw new TypeError("nothing signs a token; give `openSessions` `secrets`")
    const text = toBase64url(utf8(JSON.stringify(content)))
    return `${text}.${toBase64url(await this.#macs.sign(signedBytes(text)))}`
  }

  /**
   * Nothing of it is looked at before its signature is found good.
   *
   * @throws RequestFailed `invalid-command` where it is not one of these secrets', or has expired
   */
  async read(token: string, nowMs: number): Promise<TokenContent> {
    const [text = "", signed = "", ...more] = token.length > TOKEN_MAX ? [] : token.split(".")
    const signature = fromBase64url(signed)
    if (signature === undefined || more.length > 0 || this.#macs === null) throw forged()
    const isOurs = await this.#macs.verify([signature], signedBytes(text))
    const bytes = isOurs ? fromBase64url(text) : undefined
    if (bytes === undefined) throw forged()
    const content = JSON.parse(new TextDecoder().decode(bytes)) as TokenContent
    if (nowMs >= content.expiresAtMs)
      throw new RequestFailed("invalid-command", "the session token has expired; ask for a new one")
    return content
  }
}

/** What a header holds with every server. */
const TOKEN_MAX = 4_096

const forged = (): RequestFailed =>
  new RequestFailed("invalid-command", "the session token was not signed here")

/** A secret that signs something else as well must not sign this by chance. */
const signedBytes = (text: string): Uint8Array<ArrayBuffer> => utf8(`spendfuse session 1\n${text}`)

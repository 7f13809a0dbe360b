import { fromBase64url, type Macs, toBase64url, utf8 } from "../http/mac.ts"

/** What a link is for. */
export interface LinkFor {
  readonly account: string
  readonly generation: number
  readonly expiresAtMs: number
}

/** A token that was read. `content` is the signed part, the same for each use of one link. */
export type ReadToken =
  | ({ readonly kind: "good" | "expired"; readonly content: string } & LinkFor)
  | { readonly kind: "forged" }

/** `content.signature`, both base64url. */
export const tokenFor = async (
  macs: Macs,
  { account, generation, expiresAtMs }: LinkFor,
): Promise<string> => {
  const content = toBase64url(utf8(JSON.stringify([account, generation, expiresAtMs])))
  return `${content}.${toBase64url(await macs.sign(signedBytes(content)))}`
}

/** Reads a token; nothing of it is looked at before its signature is found good. */
export const readToken = async (macs: Macs, token: string, nowMs: number): Promise<ReadToken> => {
  const [content, signature, ...more] = token.length > TOKEN_MAX ? [] : token.split(".")
  const bytes = signature === undefined ? undefined : fromBase64url(signature)
  if (content === undefined || bytes === undefined || more.length > 0) return FORGED
  if (!(await macs.verify([bytes], signedBytes(content)))) return FORGED
  const payload = fromBase64url(content)
  if (payload === undefined) return FORGED
  const [account, generation, expiresAtMs] = JSON.parse(new TextDecoder().decode(payload)) as [
    string,
    number,
    number,
  ]
  return {
    kind: nowMs < expiresAtMs ? "good" : "expired",
    content,
    account,
    generation,
    expiresAtMs,
  }
}

/** Longer ones are cut by mail programs and servers. */
export const TOKEN_MAX = 1_800

const FORGED: ReadToken = { kind: "forged" }

/** A secret that signs something else as well must not sign this by chance. */
const signedBytes = (content: string): Uint8Array<ArrayBuffer> =>
  utf8(`spendfuse acknowledge 1\n${content}`)

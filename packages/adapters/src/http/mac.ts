const SECRET_MIN = 32
const SECRETS_MAX = 8

/** Secrets as they sign and verify: the first one signs, each of them verifies, so that they can be rotated. */
export interface Macs {
  /** HMAC-SHA256 by the first secret. */
  readonly sign: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>
  /** Whether any of the signatures is one by any of the secrets; takes as long whichever it is. */
  readonly verify: (
    signatures: readonly Uint8Array<ArrayBuffer>[],
    bytes: Uint8Array<ArrayBuffer>,
  ) => Promise<boolean>
}

/**
 * Makes keys of secrets.
 *
 * @param option how the option is called, for the error
 * @throws TypeError where there is none, or one is short; the error does not repeat it
 */
export const macsOf = (
  secrets: readonly string[],
  option = "secrets",
  least: number = SECRET_MIN,
): Macs => {
  if (!Array.isArray(secrets) || secrets.length === 0 || secrets.length > SECRETS_MAX)
    throw new TypeError(`\`${option}\` must be a list of 1 to ${SECRETS_MAX} secrets`)
  secrets.forEach((secret, at) => {
    if (typeof secret !== "string" || secret.length < least)
      throw new TypeError(`\`${option}[${at}]\` must be a text of at least ${least} characters`)
  })
  let made: Promise<readonly CryptoKey[]> | undefined
  const keys = (): Promise<readonly CryptoKey[]> => {
    made ??= Promise.all(secrets.map(keyOf))
    return made
  }
  return {
    sign: async (bytes) => {
      const [first] = await keys()
      return new Uint8Array(await crypto.subtle.sign("HMAC", first as CryptoKey, bytes))
    },
    verify: async (signatures, bytes) => {
      const pairs = (await keys()).flatMap((key) => signatures.map((one) => [key, one] as const))
      const found = pairs.map(([key, one]) => crypto.subtle.verify("HMAC", key, one, bytes))
      return (await Promise.all(found)).includes(true)
    },
  }
}

/** Bytes as base64url without padding. */
export const toBase64url = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")

/** The bytes of a text that `toBase64url` wrote; undefined where it wrote no such text. */
export const fromBase64url = (text: string): Uint8Array<ArrayBuffer> | undefined => {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"))
  const bytes = Uint8Array.from(binary, (unit) => unit.charCodeAt(0))
  return toBase64url(bytes) === text ? bytes : undefined
}

/** The bytes of 64 hexadecimal digits; undefined where it is something else. */
export const fromHex = (text: string): Uint8Array<ArrayBuffer> | undefined =>
  /^[0-9a-f]{64}$/i.test(text)
    ? Uint8Array.from({ length: 32 }, (_, at) =>
        Number.parseInt(text.slice(2 * at, 2 * at + 2), 16),
      )
    : undefined

/** SHA-256 of a text's UTF-8. */
export const sha256 = async (text: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(text)))

/** UTF-8 of a text. */
export const utf8 = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(new TextEncoder().encode(text))

/** Compares two digests; takes as long wherever they differ. */
export const isSameDigest = (one: Uint8Array, other: Uint8Array): boolean => {
  let difference = one.length ^ other.length
  for (let at = 0; at < one.length; at += 1) difference |= (one[at] ?? 0) ^ (other[at] ?? 0)
  return difference === 0
}

const keyOf = (secret: string): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", utf8(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ])

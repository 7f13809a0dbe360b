const PREFIX = "whsec_"
const BYTES_MIN = 24
const BYTES_MAX = 64

/**
 * Signs as Standard Webhooks asks for: HMAC-SHA256 by each secret, `v1,<base64>`, parted by a space.
 *
 * @throws TypeError at once where there is no secret, or one is malformed; the error does not repeat it
 */
export const signerOf = (secrets: readonly string[]): ((content: string) => Promise<string>) => {
  if (secrets.length === 0) throw new TypeError("`secrets` is empty: give one, `whsec_…`")
  const raw = secrets.map(bytesOf)
  let keys: Promise<readonly CryptoKey[]> | undefined
  return async (content) => {
    keys ??= Promise.all(raw.map(keyOf))
    const bytes = new TextEncoder().encode(content)
    const signatures = (await keys).map((key) => crypto.subtle.sign("HMAC", key, bytes))
    return (await Promise.all(signatures)).map((mac) => `v1,${base64Of(mac)}`).join(" ")
  }
}

const keyOf = (bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> =>
  crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"])

const bytesOf = (secret: string, at: number): Uint8Array<ArrayBuffer> => {
  const bytes = secret.startsWith(PREFIX) ? decoded(secret.slice(PREFIX.length)) : null
  if (bytes === null || bytes.length < BYTES_MIN || bytes.length > BYTES_MAX)
    throw new TypeError(
      `\`secrets[${at}]\` must be \`whsec_\` and ${BYTES_MIN} to ${BYTES_MAX} bytes in base64`,
    )
  return bytes
}

const decoded = (base64: string): Uint8Array<ArrayBuffer> | null => {
  try {
    return Uint8Array.from(atob(base64), (unit) => unit.charCodeAt(0))
  } catch {
    return null
  }
}

const base64Of = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)))

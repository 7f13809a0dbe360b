/** SHA-256 of a text's UTF-16 units as hexadecimal: two texts that differ in a lone surrogate differ here too. */
export const digestOf = async (text: string): Promise<string> => {
  const units = Uint16Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
  const hash = await crypto.subtle.digest("SHA-256", units)
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

/** One name for a delivery of these events, made of their ids: the same events again have the same one. */
export const deliveryIdOf = (events: readonly { readonly id: string }[]): Promise<string> =>
  digestOf(JSON.stringify(events.map(({ id }) => id)))

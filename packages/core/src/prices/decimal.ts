/**
 * A price in USD as nano-USD, times a factor, exactly: by its decimal digits, never by multiplying floats.
 * Digits beyond the nano are rounded up, so what a float adds (0.18000000000000002) never makes it cheaper.
 *
 * @returns null where it is not a number of at least 0, or passes 2^53 − 1
 */
export const decimalNano = (usd: unknown, times = 1): number | null => {
  if (typeof usd !== "number" && typeof usd !== "string") return null
  const match = /^(\d{1,12})(?:\.(\d{1,30}))?(?:e([+-]\d{1,2}))?$/.exec(String(usd))
  if (match === null) return null
  const [, whole = "0", fraction = "", exponent = "0"] = match
  const digits = BigInt(whole + fraction) * BigInt(times)
  const shift = 9 - fraction.length + Number(exponent)
  const nano = shift >= 0 ? digits * 10n ** BigInt(shift) : divideUp(digits, 10n ** BigInt(-shift))
  return nano <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(nano) : null
}

const divideUp = (value: bigint, by: bigint): bigint => (value + by - 1n) / by

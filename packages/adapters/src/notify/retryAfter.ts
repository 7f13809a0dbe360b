const DAY_MS = 24 * 3_600_000

/**
 * What `Retry-After` asks for: seconds or an HTTP date, in milliseconds from now.
 *
 * @returns null where it is missing, senseless or over; at most a day
 */
export const retryAfterMsOf = (headers: Headers, nowMs: number = Date.now()): number | null => {
  const value = headers.get("retry-after")?.trim() ?? ""
  const ms = /^\d+(\.\d+)?$/.test(value) ? Number(value) * 1_000 : Date.parse(value) - nowMs
  return ms > 0 ? Math.min(Math.ceil(ms), DAY_MS) : null
}

import { SUBJECT_HEADER } from "../fetch/subject.ts"
import type { AuthHeader } from "./options.ts"

const KEY_HEADERS: readonly AuthHeader[] = [
  "authorization",
  "x-api-key",
  "x-goog-api-key",
  "api-key",
]

/** The virtual key of a request: one, in any header in which SDKs send one; null where there is none, or two. */
export const keyOf = (headers: Headers): string | null => {
  let key: string | null = null
  for (const name of KEY_HEADERS) {
    const told = headers.get(name)
    if (told === null) continue
    const one = name === "authorization" ? /^Bearer +(\S+) *$/i.exec(told)?.[1] : told
    if (one === undefined || (key !== null && one !== key)) return null
    key = one
  }
  return key
}

/** What goes on to the provider: all but what belongs to this connection, to this key, or to another account. */
export const sentOn = (
  headers: Headers,
  auth: readonly [AuthHeader, string] | null,
): Record<string, string> => {
  const sent: Record<string, string> = {}
  headers.forEach((value, name) => {
    if (!KEPT_HERE.has(name) && !name.startsWith("x-forwarded-")) sent[name] = value
  })
  if (auth !== null) sent[auth[0]] = auth[1]
  return sent
}

/** What comes back from it; `fetch` has decoded the body. */
export const sentBack = (headers: Headers): Record<string, string> => {
  const sent: Record<string, string> = {}
  headers.forEach((value, name) => {
    if (!KEPT_THERE.has(name)) sent[name] = value
  })
  return sent
}

const OF_CONNECTION =
  "connection keep-alive proxy-connection te trailer transfer-encoding upgrade content-length"

const KEPT_HERE = new Set<string>(
  [
    `${OF_CONNECTION} host expect accept-encoding proxy-authorization cookie forwarded x-real-ip via`,
    "openai-organization openai-project",
    ...KEY_HEADERS,
  ]
    .join(" ")
    .split(" "),
)
const KEPT_THERE = new Set(
  `${OF_CONNECTION} content-encoding set-cookie openai-organization openai-project anthropic-organization-id`.split(
    " ",
  ),
)

/** Whether a call's own header names only what its key lets it name; nothing where it has none. */
export const mayName = (headers: Headers, names: readonly string[]): boolean => {
  const told = headers.get(SUBJECT_HEADER)
  if (told === null) return true
  try {
    const value: unknown = JSON.parse(told)
    return (
      typeof value === "object" &&
      value !== null &&
      Object.keys(value).every((name) => names.includes(name))
    )
  } catch {
    // The guarded fetch says what is wrong with it.
    return true
  }
}

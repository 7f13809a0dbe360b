import type { Problem } from "@spendfuse/core"

/** What every answer bears: it is kept nowhere, and no browser makes a page of it. */
const SAFE = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
}

/** The body of an answer that something went wrong, as RFC 9457 has it. */
export interface ProblemBody {
  readonly title: string
  readonly status: number
  /** What is wrong, and the mend. */
  readonly detail: string
  /** The tag of an error of the reference, such as `conflict`. */
  readonly error?: string
  /** What is wrong with an input: all of it, each with its path. */
  readonly problems?: readonly Problem[]
}

type Headers = Readonly<Record<string, string>>

/** Data as JSON. */
export const jsonAnswer = (body: unknown, status = 200, headers: Headers = {}): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { ...SAFE, "content-type": "application/json", ...headers },
  })

/** Something that is wrong, `application/problem+json`. */
export const problemAnswer = (
  status: number,
  detail: string,
  more: Pick<ProblemBody, "error" | "problems"> = {},
  headers: Headers = {},
): Response => {
  const body: ProblemBody = { title: TITLES.get(status) ?? "Error", status, detail, ...more }
  return jsonAnswer(body, status, { "content-type": "application/problem+json", ...headers })
}

/** Nothing but headers. */
export const emptyAnswer = (headers: Headers, status = 204): Response =>
  new Response(null, { status, headers: { ...SAFE, ...headers } })

/** A page, with a policy of its own for what it may load. */
export const pageAnswer = (
  html: string,
  status: number,
  policy: string,
  headers: Headers = {},
): Response =>
  new Response(html, {
    status,
    headers: {
      ...SAFE,
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "x-frame-options": "DENY",
      ...headers,
    },
  })

const TITLES: ReadonlyMap<number, string> = new Map([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [409, "Conflict"],
  [413, "Content Too Large"],
  [415, "Unsupported Media Type"],
  [422, "Unprocessable Content"],
  [429, "Too Many Requests"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [503, "Service Unavailable"],
])

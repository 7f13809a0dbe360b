/** What the API is asked by; each call rejects with a Problem. */
export interface Api {
  readonly get: <Answer>(path: string, signal?: AbortSignal) => Promise<Answer>
  readonly post: <Answer>(path: string, body: object) => Promise<Answer>
}

/** What went wrong, in words for people. Status 0: there was no answer. */
export class Problem extends Error {
  readonly status: number
  readonly retryAfterMs: number
  constructor(message: string, status = 0, retryAfterMs = 0) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }

  static of(error: unknown): Problem {
    return error instanceof Problem ? error : new Problem("the server did not answer; is it there?")
  }
}

const WITHIN_MS = 20_000

/** The admin API that served this page: its paths are relative to the page's own. */
export const apiOf = (token: string | null): Api => {
  const authorization = token === null ? {} : { authorization: `Bearer ${token}` }
  const ask = async <Answer>(path: string, init: RequestInit): Promise<Answer> => {
    const response = await fetch(path, {
      ...init,
      headers: { ...authorization, ...init.headers },
      cache: "no-store",
      // A redirect is a sign-in that another page shows: following it would lead the token there.
      redirect: "manual",
      referrerPolicy: "no-referrer",
    })
    if (response.type === "opaqueredirect")
      throw new Problem("you are signed out; load this page again", 401)
    if (!response.ok) throw await problemOf(response)
    return (await response.json()) as Answer
  }
  return {
    get: (path, signal) =>
      ask(path, {
        signal: AbortSignal.any([AbortSignal.timeout(WITHIN_MS), ...(signal ? [signal] : [])]),
      }),
    post: (path, body) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(WITHIN_MS),
      }),
  }
}

const problemOf = async (response: Response): Promise<Problem> => {
  const { status, headers } = response
  const seconds = Number(headers.get("retry-after") ?? 0)
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1_000 : 0
  const body = await response.json().catch(() => null)
  return new Problem(textOf(body) ?? `the server answered ${status}`, status, retryAfterMs)
}

const textOf = (body: unknown): string | null => {
  if (typeof body !== "object" || body === null || !("detail" in body)) return null
  if (typeof body.detail !== "string") return null
  const problems = "problems" in body && Array.isArray(body.problems) ? body.problems : []
  const named = problems.flatMap((one: { path?: unknown; message?: unknown } | null) =>
    typeof one?.path === "string" && typeof one.message === "string"
      ? [`${one.path} ${one.message}`]
      : [],
  )
  return [body.detail, ...named].join("; ")
}

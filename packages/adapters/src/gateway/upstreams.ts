import type { GuardedFetch } from "../fetch/guardedFetch.ts"
import type { Caller } from "./keys.ts"
import type { AuthHeader, Upstream } from "./options.ts"
import { anyOf } from "./patterns.ts"

/** An upstream that is ready to be called. */
export interface Open {
  readonly name: string
  readonly base: string
  readonly prefix: string
  readonly reach: "calls" | "all"
  readonly takes: ((model: string) => boolean) | null
  /** The header that bears its key, and what it bears; null where none is sent. */
  readonly auth: readonly [AuthHeader, string] | null
  /** The guarded `fetch` of a caller. */
  readonly guardedFor: (caller: Caller) => GuardedFetch
}

/** @throws TypeError where one cannot be called; it quotes no secret */
export const openUpstreams = (
  upstreams: Readonly<Record<string, Upstream>>,
  guardOf: (upstream: Upstream) => GuardedFetch,
): readonly Open[] =>
  Object.entries(upstreams)
    .map(([name, upstream]): Open => {
      const { key, auth = "authorization", models, reach = "calls" } = upstream
      const guarded = guardOf(upstream)
      const kept = new Map<Caller, GuardedFetch>()
      return {
        name,
        base: baseOf(name, upstream.baseUrl),
        prefix: prefixOf(name, upstream.prefix),
        reach,
        takes: models === undefined ? null : anyOf(models),
        auth: key === undefined ? null : [auth, auth === "authorization" ? `Bearer ${key}` : key],
        guardedFor: (caller) => {
          const known = kept.get(caller)
          if (known !== undefined) return known
          const own = guarded.for(caller.subject)
          kept.set(caller, own)
          return own
        },
      }
    })
    // The longest prefix first; those without keep their order.
    .sort((one, other) => other.prefix.length - one.prefix.length)

/** Where a call goes, and what of its path is left; null where nothing takes it. */
export const upstreamOf = (
  all: readonly Open[],
  path: string,
  modelOf: () => string | undefined,
): { readonly open: Open; readonly path: string } | null => {
  const below = all.find(({ prefix }) => prefix !== "" && path.startsWith(`${prefix}/`))
  if (below !== undefined) return { open: below, path: path.slice(below.prefix.length) }
  const atRoot = all.filter(({ prefix }) => prefix === "")
  const usual = atRoot.find(({ takes }) => takes === null)
  const isChoice = atRoot.length > 1 || usual === undefined
  const model = isChoice ? modelOf() : undefined
  const chosen =
    (model === undefined ? undefined : atRoot.find(({ takes }) => takes?.(model))) ??
    usual ??
    // What names no model, such as the list of models, goes to the first.
    (model === undefined ? atRoot[0] : undefined)
  return chosen === undefined ? null : { open: chosen, path }
}

const baseOf = (name: string, baseUrl: string): string => {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : null
  const isGood =
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    url.search + url.hash + url.username + url.password === ""
  if (!isGood)
    throw new TypeError(
      `the base URL of upstream \`${name.slice(0, 40)}\` must be http(s) without a user, a query or a fragment; write e.g. "https://api.openai.com"`,
    )
  return url.href.replace(/\/+$/, "")
}

const prefixOf = (name: string, prefix = ""): string => {
  if (prefix === "" || /^(\/[A-Za-z0-9._~-]+)+$/.test(prefix)) return prefix
  throw new TypeError(
    `the prefix of upstream \`${name.slice(0, 40)}\` must be a path such as "/anthropic"`,
  )
}

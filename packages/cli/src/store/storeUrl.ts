import { CliError } from "../io.ts"

/** A server's address. */
export interface ServerNode {
  readonly host: string
  readonly port: number
}

interface Access {
  readonly username?: string
  readonly password?: string
  readonly tls: boolean
}

/** Which store a URL names. It may hold passwords: never print it. */
export type StorePlace =
  | { readonly kind: "memory"; readonly path: string }
  | { readonly kind: "redis"; readonly url: string }
  | (Access & { readonly kind: "redis-cluster"; readonly cluster: readonly ServerNode[] })
  | (Access & {
      readonly kind: "redis-sentinel"
      readonly sentinels: readonly ServerNode[]
      readonly name: string
    })
  | { readonly kind: "postgres"; readonly url: string }

/**
 * Reads what `--store` names.
 *
 * @throws CliError that quotes nothing of the text but its scheme
 */
export const parseStoreUrl = (text: string): StorePlace => {
  const scheme = /^([a-z][a-z-]*):/.exec(text)?.[1] ?? ""
  if (scheme === "memory" || scheme === "file") return memoryOf(text.slice(scheme.length + 1))
  if (scheme === "redis" || scheme === "rediss") return { kind: "redis", url: single(text, scheme) }
  if (scheme === "postgres" || scheme === "postgresql")
    return { kind: "postgres", url: single(text, scheme) }
  const spread = /^redis(s?)-(sentinel|cluster)$/.exec(scheme)
  if (spread !== null) return spreadOf(text, scheme, spread[1] === "s", spread[2] === "sentinel")
  throw new CliError(`the store's URL has no scheme that is known; write ${FORMS}`)
}

const FORMS =
  "file:PATH, redis://HOST:PORT, redis-sentinel://HOST:PORT,HOST:PORT#NAME, redis-cluster://HOST:PORT,HOST:PORT or postgres://HOST/DATABASE"

const memoryOf = (path: string): StorePlace => {
  if (path !== "") return { kind: "memory", path: path.replace(/^\/\/(?=\/)/, "") }
  throw new CliError(
    "a memory store without a journal ends with its process, and no other can read it; write file:PATH with its journal",
  )
}

const single = (text: string, scheme: string): string => {
  if (text.startsWith(`${scheme}://`) && URL.canParse(text) && isDecodable(new URL(text)))
    return text
  throw new CliError(
    `the store's URL begins with \`${scheme}:\` and is none; write ${scheme}://USER:PASSWORD@HOST:PORT/NAME, and percent-encode what is no letter or digit in the password`,
  )
}

/** Drivers decode these, and say badly what they cannot. */
const isDecodable = ({ username, password, pathname, hostname }: URL): boolean => {
  try {
    for (const part of [username, password, pathname]) decodeURIComponent(part)
    return hostname !== ""
  } catch {
    return false
  }
}

/** `//USER:PASSWORD@HOST:PORT,HOST:PORT#NAME`: a URL has one host, these have some. */
const spreadOf = (text: string, scheme: string, tls: boolean, watched: boolean): StorePlace => {
  const [, user, word, hosts = "", name = ""] =
    /^[a-z-]+:\/\/(?:([^:@/#]*)(?::([^@/#]*))?@)?([^@/#?]+)\/?(?:#(.+))?$/.exec(text) ?? []
  const nodes = hosts.split(",").map((host) => nodeOf(host, watched ? 26_379 : 6_379))
  if (nodes.includes(null) || (watched && name === "") || (!watched && name !== ""))
    throw new CliError(
      `the store's URL begins with \`${scheme}:\` and is none; write ${scheme}://USER:PASSWORD@HOST:PORT,HOST:PORT${watched ? "#NAME" : ""}${watched ? ", with the name of the master" : ""}`,
    )
  const known = nodes.flatMap((node) => node ?? [])
  const access = { tls, ...decoded("username", user, scheme), ...decoded("password", word, scheme) }
  return watched
    ? { kind: "redis-sentinel", ...access, sentinels: known, name }
    : { kind: "redis-cluster", ...access, cluster: known }
}

const nodeOf = (text: string, port: number): ServerNode | null => {
  const [, ipv6, host, own] = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i.exec(text) ?? []
  const name = ipv6 ?? host
  const chosen = Number(own ?? port)
  return name === undefined || chosen < 1 || chosen > 65_535 ? null : { host: name, port: chosen }
}

const decoded = (
  field: "username" | "password",
  text: string | undefined,
  scheme: string,
): object => {
  if (text === undefined || text === "") return {}
  try {
    return { [field]: decodeURIComponent(text) }
  } catch {
    throw new CliError(`the ${field} of the \`${scheme}:\` URL is not percent-encoded; encode it`)
  }
}

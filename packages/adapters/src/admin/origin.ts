/** What a request may be sent from. */
export interface OriginOptions {
  /** Where the host is reached, besides the request's own URL: behind a proxy that ends TLS, say. */
  readonly allowOrigins: readonly string[]
  /**
   * A form of a page without a referrer is sent with `Origin: null`: permitted where the body holds a
   * credential of its own.
   */
  readonly allowNull?: boolean
}

/**
 * Whether a browser sent the request from a page of this origin, or no browser did: such a request bears
 * neither header.
 */
export const isSameOrigin = (
  request: Request,
  { allowOrigins, allowNull }: OriginOptions,
): boolean => {
  const origin = request.headers.get("origin")
  const site = request.headers.get("sec-fetch-site")
  const isNamed = origin !== null && allowOrigins.includes(origin)
  if (site !== null && site !== "same-origin" && !isNamed) return false
  if (origin === null || isNamed) return true
  if (origin === "null") return allowNull === true
  return origin === new URL(request.url).origin
}

/**
 * Checks origins of the host's configuration.
 *
 * @throws TypeError where one is none, such as a URL with a path
 */
export const originsOf = (allowOrigins: readonly string[]): readonly string[] => {
  allowOrigins.forEach((origin, at) => {
    const url = URL.parse(origin)
    if (url === null || url.origin !== origin || origin === "null")
      throw new TypeError(
        `\`allowOrigins[${at}]\` is no origin; write e.g. "https://ops.example.com"`,
      )
  })
  return allowOrigins
}

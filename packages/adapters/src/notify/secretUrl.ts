/**
 * Checks a URL of the host's configuration, which may hold a secret: no error repeats it.
 *
 * @param option how the option is called, for the error
 * @returns the URL, normalised
 * @throws TypeError where it is no https URL, or names a user; http is only for this machine
 */
export const secretUrl = (value: string, option: string): string => {
  const url = URL.parse(value)
  if (url === null) throw new TypeError(`\`${option}\` must be a whole URL, https://…`)
  if (url.username !== "" || url.password !== "")
    throw new TypeError(`\`${option}\` must not hold a user or a password`)
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname)))
    throw new TypeError(`\`${option}\` must begin with https://`)
  return url.href
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host)

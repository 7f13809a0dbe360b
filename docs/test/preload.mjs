// What examples run under: a clock that starts at a known instant, and a network of one machine. Calls of the
// providers go to the stand-in, anything else that is not on the loopback is an error.
const START_MS = Date.UTC(2026, 0, 15, 10, 20)
const RealDate = globalThis.Date
const offsetMs = START_MS - RealDate.now()
const nowMs = () => RealDate.now() + offsetMs

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(nowMs())
    else super(...parts)
  }
  static now() {
    return nowMs()
  }
}

const PROVIDERS = new Set([
  "api.openai.com",
  "api.anthropic.com",
  "generativelanguage.googleapis.com",
])
const realFetch = globalThis.fetch

globalThis.fetch = (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input))
  if (url.hostname === "127.0.0.1") return realFetch(input, init)
  if (!PROVIDERS.has(url.hostname)) throw new TypeError(`no network in examples: ${url.host}`)
  const local = new URL(url.pathname + url.search, process.env.SPENDFUSE_DOCS_PROVIDER)
  return realFetch(input instanceof Request ? new Request(local, input) : local, init)
}

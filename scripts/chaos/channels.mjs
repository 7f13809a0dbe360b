// The far side of the channels: keeps what it has accepted, and fails as often as it is told.
import { createServer } from "node:http"

/**
 * Listens on the loopback. A message is refused in the given share of tries, half of them by 503, the others
 * by 429 with `Retry-After: 1` or by a cut line; then nothing of it is kept.
 *
 * @returns `heard`: by channel, the ids in the order they were accepted
 */
export const startChannels = async ({ failing, random }) => {
  const heard = new Map()
  const counts = { tries: 0, failures: 0 }
  const server = createServer((request, response) => {
    const chunks = []
    request.on("data", (chunk) => chunks.push(chunk))
    request.on("end", () => {
      counts.tries += 1
      if (random() < failing) {
        counts.failures += 1
        fail(request, response, random())
        return
      }
      const channel = (request.url ?? "/").slice(1)
      const kept = heard.get(channel) ?? []
      heard.set(channel, kept)
      kept.push(...JSON.parse(Buffer.concat(chunks).toString("utf8")))
      response.writeHead(204).end()
    })
    request.on("error", () => undefined)
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    heard,
    counts,
    stop: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}

const fail = (request, response, kind) => {
  if (kind < 0.5) response.writeHead(503).end()
  else if (kind < 0.75) response.writeHead(429, { "retry-after": "1" }).end()
  else request.socket.destroy()
}

import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"

/** What a page's receiver heard: names of the events of each message. */
export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly heard: string[]
  /** What it answers from now on. */
  status: number
}

/** A stand-in for a page's far side: it takes webhooks on this machine. */
export const openReceiver = async (path: string): Promise<Receiver> => {
  const heard: string[] = []
  const server: Server = createServer(async (request, response) => {
    const body = JSON.parse(await text(request))
    if (receiver.status < 300)
      for (const { kind, state } of body.data.events) heard.push(state ?? kind)
    response.writeHead(receiver.status).end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  const receiver = {
    url: `http://127.0.0.1:${port}/${path}`,
    heard,
    status: 200,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}

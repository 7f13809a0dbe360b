// A proxy on this machine's loopback that harms what passes it, request by request, as a plan says.
import { connect, createServer } from "node:net"
import { carry } from "./carry.mjs"
import { framesOf } from "./frames.mjs"

/** Stands before one server; `index.d.mts` tells what each fault does. */
export const startProxy = async ({ url, plan = () => undefined }) => {
  const target = new URL(url)
  const frames = framesOf(target.protocol)
  const state = { plan, happened: [] }
  const open = new Set()
  let connections = 0
  const server = createServer((near) => {
    const far = connect(Number(target.port), target.hostname)
    connections += 1
    const ends = { near, far, connection: connections }
    open.add(ends)
    near.once("close", () => open.delete(ends))
    carry(ends, frames, state)
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address()
  const own = new URL(url)
  own.hostname = "127.0.0.1"
  own.port = String(port)
  const sever = () => {
    for (const { near } of open) near.resetAndDestroy()
  }
  return {
    url: own.href,
    port,
    happened: state.happened,
    setPlan: (next) => {
      state.plan = next ?? (() => undefined)
    },
    sever,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        sever()
      }),
  }
}

/** A plan by chance: the same seed and the same requests on each connection, the same faults. */
export const planBySeed = ({ seed, chances, ms = 50 }) => {
  const kinds = Object.entries(chances)
  return ({ connection, request }) => {
    const draw = drawOf(seed, connection, request)
    let sum = 0
    for (const [kind, chance] of kinds) {
      sum += chance
      if (draw(0) < sum) return { kind, ms: Math.ceil(draw(1) * ms), part: draw(2) }
    }
    return undefined
  }
}

/** Evenly spread numbers from 0 to 1, a few for each request. */
const drawOf = (seed, connection, request) => (which) => {
  let hash = 0x811c9dc5
  for (const word of [seed, connection, request, which]) {
    hash = Math.imul(hash ^ word, 0x85ebca6b)
    hash ^= hash >>> 13
    hash = Math.imul(hash, 0xc2b2ae35)
    hash ^= hash >>> 16
  }
  return (hash >>> 0) / 2 ** 32
}

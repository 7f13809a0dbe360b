// Where a request or a reply ends in the bytes of a connection: Redis's protocol, versions 2 and 3, and PostgreSQL's.

/**
 * By the scheme of a server's URL: what reads requests, one for each connection, and what reads replies. A
 * frame of the client has a `role`: `request` ends one, `part` belongs to the next, `opening` is answered like
 * a request but never harmed, `loose` goes through at once, `wish` (for encryption) is answered with a no.
 */
export const framesOf = (scheme) => {
  if (scheme === "redis:") return { requests: () => redisRequest, reply: redisReply }
  if (scheme === "postgres:" || scheme === "postgresql:")
    return { requests: postgresRequests, reply: postgresReply }
  throw new Error(`a proxy knows redis: and postgres:, not \`${scheme}\``)
}

/**
 * Cuts a stream into frames. `endOf(bytes, from)` answers `{ end, ...what }`, or null while the frame is not
 * all there.
 */
export const framer = () => {
  let rest = Buffer.alloc(0)
  return (chunk, endOf) => {
    rest = Buffer.concat([rest, chunk])
    const frames = []
    for (let frame = endOf(rest); frame !== null && rest.length > 0; frame = endOf(rest)) {
      frames.push({ ...frame, bytes: rest.subarray(0, frame.end) })
      rest = rest.subarray(frame.end)
    }
    return frames
  }
}

const redisRequest = (bytes) => {
  const end = redisEnd(bytes, 0)
  return end === null ? null : { end, role: "request" }
}

/** What a server pushes answers no request. */
const redisReply = (bytes) => {
  const end = redisEnd(bytes, 0)
  return end === null ? null : { end, isLast: bytes[0] !== 0x3e }
}

/** The end of the value that begins there; an attribute (`|`) belongs to the value after it. */
const redisEnd = (bytes, from) => {
  const lineEnd = bytes.indexOf("\r\n", from)
  if (lineEnd < 0) return null
  const kind = String.fromCharCode(bytes[from])
  const count = Number(bytes.toString("latin1", from + 1, lineEnd))
  const next = lineEnd + 2
  if ("$!=".includes(kind)) return count < 0 ? next : whole(bytes, next + count + 2)
  if ("*~>".includes(kind)) return redisEnds(bytes, next, count)
  if (kind === "%") return redisEnds(bytes, next, count * 2)
  if (kind === "|") return redisEnds(bytes, next, count * 2 + 1)
  return next
}

const redisEnds = (bytes, from, count) => {
  let end = from
  for (let place = 0; place < count && end !== null; place += 1)
    end = end < bytes.length ? redisEnd(bytes, end) : null
  return end
}

const whole = (bytes, end) => (end <= bytes.length ? end : null)

/** What asks for encryption comes before the opening message. */
const WISHES = new Set([80_877_103, 80_877_104])

/** The first message has no type; after it each has. */
const postgresRequests = () => {
  let isOpen = false
  return (bytes) => {
    if (isOpen) return postgresRequest(bytes)
    if (bytes.length < 8) return null
    const end = whole(bytes, bytes.readInt32BE(0))
    if (end === null) return null
    isOpen = !WISHES.has(bytes.readInt32BE(4))
    return { end, role: isOpen ? "opening" : "wish" }
  }
}

/** Query, Sync and a function call end a request; of the rest, these belong to it. */
const ENDS = "QSF"
const PARTS = "PBDEC"
const postgresRequest = (bytes) => {
  const message = postgresMessage(bytes)
  if (message === null) return null
  if (ENDS.includes(message.kind)) return { end: message.end, role: "request" }
  return { end: message.end, role: PARTS.includes(message.kind) ? "part" : "loose" }
}

/** ReadyForQuery ends a reply. */
const postgresReply = (bytes) => {
  const message = postgresMessage(bytes)
  return message === null ? null : { end: message.end, isLast: message.kind === "Z" }
}

const postgresMessage = (bytes) => {
  if (bytes.length < 5) return null
  const end = whole(bytes, 1 + bytes.readInt32BE(1))
  return end === null ? null : { end, kind: String.fromCharCode(bytes[0]) }
}

// One connection through the proxy: requests one way, replies the other, each fault at its place.
import { setTimeout as sleep } from "node:timers/promises"
import { framer } from "./frames.mjs"

/** Carries until either end is gone; then both are. */
export const carry = (ends, frames, state) => {
  const { near, far } = ends
  tie(near, far)
  tie(far, near)
  /** What is still to be heard from the server: one entry for each request it was given. */
  const awaited = []
  inOrder(near, requests(ends, frames.requests(), state, awaited))
  inOrder(far, replies(ends, frames.reply, awaited))
}

const tie = (one, other) => {
  one.setNoDelay(true)
  one.on("error", () => other.destroy())
  one.on("close", () => other.destroy())
}

/** One chunk after the other, however long one takes. */
const inOrder = (socket, take) => {
  let last = Promise.resolve()
  socket.on("data", (chunk) => {
    last = last.then(() => take(chunk)).catch(() => socket.destroy())
  })
}

const requests = (ends, endOf, state, awaited) => {
  const cut = framer()
  let parts = []
  let count = 0
  return async (chunk) => {
    for (const { role, bytes } of cut(chunk, endOf)) {
      parts.push(bytes)
      if (role === "part") continue
      const whole = Buffer.concat(parts)
      parts = []
      if (role === "wish") ends.near.write("N")
      else if (role === "loose") ends.far.write(whole)
      else if (role === "opening") give(ends, whole, awaited, {})
      else {
        count += 1
        await pass(whole, count, ends, state, awaited)
      }
    }
  }
}

const pass = async (bytes, request, ends, state, awaited) => {
  const { connection } = ends
  if (ends.near.destroyed) return
  const fault = state.plan({ connection, request, bytes })
  if (fault !== undefined) state.happened.push({ kind: fault.kind, connection, request })
  if (fault?.kind === "drop") {
    ends.near.resetAndDestroy()
    return
  }
  if (fault?.kind === "delay") await sleep(fault.ms ?? 0)
  const isHurtLater = fault?.kind === "cut" || fault?.kind === "stall"
  give(ends, bytes, awaited, isHurtLater ? { fault } : {})
  if (fault?.kind === "duplicate") give(ends, bytes, awaited, { isSwallowed: true })
}

const give = ({ far }, bytes, awaited, entry) => {
  awaited.push(entry)
  far.write(bytes)
}

const replies = ({ near }, endOf, awaited) => {
  const cut = framer()
  return async (chunk) => {
    for (const { isLast, bytes } of cut(chunk, endOf)) {
      const entry = awaited[0] ?? {}
      if (entry.fault?.kind === "cut") {
        const part = Math.floor(bytes.length * Math.min(entry.fault.part ?? 0.5, 1))
        near.end(bytes.subarray(0, Math.min(part, bytes.length - 1)))
        near.destroySoon()
        return
      }
      if (entry.fault?.kind === "stall") {
        await sleep(entry.fault.ms ?? 0)
        entry.fault = undefined
      }
      if (entry.isSwallowed !== true) near.write(bytes)
      if (isLast) awaited.shift()
    }
  }
}

// What hosts said of their calls, kept where no fault reaches.

/** A call as its host told it. */
const unheard = (id, host) => ({
  id,
  host,
  state: "asked",
  reason: null,
  actual: 0,
  withoutStore: false,
  startMs: null,
  tookMs: 0,
  /** Whether the decision came when its deadline was over, and long after it. */
  hasWaited: false,
  isLate: false,
  isDead: false,
  acks: [],
  /** When the last answer about it came, by this process's monotonic clock. */
  ackedAtMs: 0,
})

/** Keeps calls and notices of any number of hosts. */
export const newJournal = () => {
  const calls = new Map()
  const notices = []
  return {
    calls,
    notices,
    /** What a host's `tell` is. */
    of: (host) => (message) => {
      if (message.kind === "notice") {
        notices.push(message)
        return
      }
      const call = calls.get(message.id) ?? unheard(message.id, host)
      calls.set(message.id, call)
      if (message.kind === "decided") {
        const { tookMs, hasWaited, isLate } = message
        Object.assign(call, { tookMs, hasWaited, isLate })
      } else if (message.kind === "ack") {
        call.acks.push(`${message.command} ${message.outcome}`)
        call.ackedAtMs = performance.now()
      } else Object.assign(call, heard(message))
    },
    /** The host was killed: what its calls were about to say is never said. */
    died: (host) => {
      for (const call of calls.values())
        if (call.host === host && !ENDED.has(call.state)) call.isDead = true
    },
  }
}

const ENDED = new Set(["settled", "refused", "failed"])

const heard = ({ kind, reason, actual, withoutStore, startMs, message }) => ({
  state: kind,
  ...(reason === undefined ? {} : { reason }),
  ...(message === undefined ? {} : { reason: message }),
  ...(actual === undefined ? {} : { actual }),
  ...(withoutStore === undefined ? {} : { withoutStore, startMs }),
})

const CLIENTS_MAX = 1_024
const WINDOW_MS = 60_000
const FAILURES_MAX = 20

/** Counts failures to sign in: at most so many clients, each for a minute. */
export interface Throttle {
  /** How long a client has to wait, milliseconds; 0 where it need not. */
  readonly waitMs: (client: string) => number
  readonly failed: (client: string) => void
}

/** Twenty failures of one client in a minute, and it waits for the minute's end. */
export const throttleOf = (nowMs: () => number): Throttle => {
  const clients = new Map<string, { count: number; readonly untilMs: number }>()
  const current = (client: string) => {
    const found = clients.get(client)
    return found !== undefined && nowMs() < found.untilMs ? found : undefined
  }
  return {
    waitMs: (client) => {
      const found = current(client)
      return found === undefined || found.count < FAILURES_MAX ? 0 : found.untilMs - nowMs()
    },
    failed: (client) => {
      const found = current(client) ?? { count: 0, untilMs: nowMs() + WINDOW_MS }
      found.count += 1
      clients.delete(client)
      clients.set(client, found)
      const oldest = clients.keys().next().value
      if (clients.size > CLIENTS_MAX && oldest !== undefined) clients.delete(oldest)
    },
  }
}

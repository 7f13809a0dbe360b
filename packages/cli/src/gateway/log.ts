import type { CallRecord } from "@spendfuse/adapters/gateway"
import { formatUsd } from "@spendfuse/core"

/** One line of JSON for each thing that happened. No prompt, no answer, no secret. */
export interface Log {
  readonly call: (record: CallRecord) => void
  readonly note: (level: "info" | "warn" | "error", event: string, more?: object) => void
}

export const logTo = (write: (text: string) => void): Log => ({
  call: ({ costNanoUsd, ...record }) => {
    const usd = costNanoUsd === null ? null : formatUsd(costNanoUsd)
    write(line({ time: now(), level: "info", event: "call", ...record, usd }))
  },
  note: (level, event, more = {}) => write(line({ time: now(), level, event, ...more })),
})

const now = (): string => new Date().toISOString()

const line = (value: object): string => `${JSON.stringify(value)}\n`

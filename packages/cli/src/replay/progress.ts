import type { Io } from "../io.ts"

/** How far a reader is: a bar on the standard error, where somebody looks at it. */
export interface Progress {
  readonly read: (bytes: number) => void
  readonly played: (rows: number) => void
  readonly end: () => void
}

/** @param size bytes of all; null where nobody knows */
export const progressOf = (io: Io, size: number | null): Progress => {
  if (!io.isTerminal)
    return { read: () => undefined, played: () => undefined, end: () => undefined }
  let bytes = 0
  let rows = 0
  let drawnMs = 0
  return {
    read: (more) => {
      bytes += more
    },
    played: (more) => {
      rows += more
      const nowMs = Date.now()
      if (nowMs - drawnMs < DRAWN_EACH_MS) return
      drawnMs = nowMs
      const share = size === null || size === 0 ? null : Math.min(1, bytes / size)
      io.err(`\r${barText(share)} ${rows.toLocaleString("en-US")} rows`)
    },
    end: () => {
      if (drawnMs > 0) io.err("\r\u001b[2K")
    },
  }
}

const DRAWN_EACH_MS = 100
const WIDE = 30

const barText = (share: number | null): string => {
  if (share === null) return "reading"
  const full = Math.round(share * WIDE)
  return `${"█".repeat(full)}${"·".repeat(WIDE - full)} ${String(Math.round(share * 100)).padStart(3)} %`
}

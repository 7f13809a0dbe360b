import type { Io } from "./io.ts"

/** A bar on the standard error, where somebody looks at it. */
export interface ProgressBar {
  /** @param share from 0 to 1; null where nobody knows */
  readonly draw: (share: number | null, text: string) => void
  readonly end: () => void
}

/** Draws ten times a second at most. */
export const progressBar = (io: Io): ProgressBar => {
  if (!io.isTerminal) return { draw: () => undefined, end: () => undefined }
  let drawnMs = 0
  return {
    draw: (share, text) => {
      const nowMs = Date.now()
      if (nowMs - drawnMs < DRAWN_EACH_MS) return
      drawnMs = nowMs
      io.err(`\r\u001b[2K${barText(share)} ${text}`)
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

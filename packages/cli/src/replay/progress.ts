import type { Io } from "../io.ts"
import { progressBar } from "../progressBar.ts"

/** How far a reader is. */
export interface Progress {
  readonly read: (bytes: number) => void
  readonly played: (rows: number) => void
  readonly end: () => void
}

/** @param size bytes of all; null where nobody knows */
export const progressOf = (io: Io, size: number | null): Progress => {
  const bar = progressBar(io)
  let bytes = 0
  let rows = 0
  return {
    read: (more) => {
      bytes += more
    },
    played: (more) => {
      rows += more
      const share = size === null || size === 0 ? null : Math.min(1, bytes / size)
      bar.draw(share, `${rows.toLocaleString("en-US")} rows`)
    },
    end: bar.end,
  }
}

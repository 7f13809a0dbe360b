/** A clock that only moves when told. */
export const fakeClock = (startMs = Date.UTC(2026, 0, 15, 10, 20)) => {
  let atMs = startMs
  return {
    nowMs: () => atMs,
    monotonicMs: () => atMs,
    advance: (ms: number) => {
      atMs += ms
    },
  }
}

/** Notices are kept, not printed. */
export const quiet = { onNotice: () => undefined, waitMs: 0 }

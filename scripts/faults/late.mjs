// What is late, by this process's own timers: a machine that is busy holds up both.

/** Tells whether a timer that was set now has gone off. */
export const timerOf = (ms) => {
  let isOver = false
  const timer = setTimeout(() => {
    isOver = true
  }, ms)
  return {
    /** And forgets it. */
    wasOver: () => {
      clearTimeout(timer)
      return isOver
    },
  }
}

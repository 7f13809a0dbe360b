/**
 * Calls what a host gave. It may throw, or reject, for its type allows an async function: neither ends what the
 * caller is about to do, or the process.
 */
export const attempt = (call: () => unknown, onFailed: (error: unknown) => void): void => {
  new Promise((resolve) => resolve(call())).catch(onFailed)
}

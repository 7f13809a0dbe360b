/** The secrets that can be read anywhere in a value, as they are or encoded; by their place in the list, never by themselves. */
export const leaksOf = (value: unknown, secrets: readonly string[]): readonly number[] => {
  const text = textsOf(value, new Set()).join("\n")
  return secrets.flatMap((secret, at) =>
    formsOf(secret).some((form) => text.includes(form)) ? [at] : [],
  )
}

const formsOf = (secret: string): readonly string[] => [
  secret,
  encodeURIComponent(secret),
  btoa(encodeURIComponent(secret)),
]

/** Every text in a value, its hidden and inherited ones, its causes and its stack. */
const textsOf = (value: unknown, seen: Set<unknown>): readonly string[] => {
  if (typeof value === "string") return [value]
  if (typeof value !== "object" || value === null || seen.has(value)) return [String(value)]
  seen.add(value)
  const own = Reflect.ownKeys(value).map((key): unknown => Reflect.get(value, key))
  const shown = value instanceof Error ? [String(value), value.message, value.stack ?? ""] : []
  return [...shown, ...own.flatMap((part) => textsOf(part, seen))]
}

const METHODS = ["debug", "error", "info", "log", "trace", "warn"] as const

/** What is written to the console meanwhile; it does not reach the real one. */
export const withConsole = async (run: () => Promise<void>): Promise<readonly unknown[]> => {
  const written: unknown[] = []
  const real = METHODS.map((method) => [method, console[method]] as const)
  for (const method of METHODS) console[method] = (...parts: unknown[]) => written.push(...parts)
  try {
    await run()
  } finally {
    for (const [method, write] of real) console[method] = write
  }
  return written
}

import { headOf } from "./arguments.ts"
import type { Call } from "./client.ts"
import type { Shape, Short } from "./shape.ts"
import type { StepContext } from "./steps.ts"

/**
 * Many Reserves and Settles of one source and division as the step's script takes them: what is constant
 * goes once, and every account is named once.
 */
export const manyOf = (
  shorts: readonly Short[],
  context: StepContext,
): Pick<Call, "keys" | "args"> => {
  const places = new Places(shorts)
  const { accounts, crossings, shapes } = places
  const [first] = shorts
  const { shared } = context
  const { home = "", sourceKey = "" } = first?.shape ?? {}
  const keys = [home, shared, sourceKey, `${home}next`, `${shared}off`]
  for (const account of accounts.keys()) keys.push(account)
  for (const { reservation } of shorts) keys.push(reservation)
  const crossingsFrom = keys.length + 1
  for (const crossing of crossings.keys()) keys.push(crossing)
  const args = headOf(context)
  args.push("m", String(shorts.length), String(accounts.size), String(shapes.size))
  for (const [shape, { hasReserve }] of shapes) {
    const order = shape.accounts.map((account) => (accounts.get(account) ?? 0) + 1).join()
    const across = shape.crossings.map((key) => (crossings.get(key) ?? 0) + crossingsFrom).join()
    args.push(hasReserve ? shape.text : "", shape.hash, order, across)
    args.push(String(shape.switches.length), ...shape.facts)
  }
  for (const { kind, shape, fingerprint, numbers } of shorts)
    args.push(`${kind}${(shapes.get(shape)?.at ?? 0) + 1};${fingerprint};${numbers}`)
  return { keys, args }
}

/** What many commands have in common, each with its place. */
class Places {
  readonly accounts = new Map<string, number>()
  readonly crossings = new Map<string, number>()
  readonly shapes = new Map<Shape, { readonly at: number; hasReserve: boolean }>()

  constructor(shorts: readonly Short[]) {
    for (const { kind, shape } of shorts) {
      const known = this.shapes.get(shape)
      if (known !== undefined) {
        if (kind === "r") known.hasReserve = true
        continue
      }
      this.shapes.set(shape, { at: this.shapes.size, hasReserve: kind === "r" })
      for (const account of shape.accounts) placed(this.accounts, account)
      for (const crossing of shape.crossings) placed(this.crossings, crossing)
    }
  }
}

const placed = (places: Map<string, number>, key: string): void => {
  if (!places.has(key)) places.set(key, places.size)
}

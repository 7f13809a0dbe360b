import type { Plain } from "@spendfuse/core/wire"

/** Bytes of the longest name that goes by itself; the database function `short_name` knows the same. */
const SHORT_MAX = 1_000

/** Whether an encoded name needs a short one on the server. */
export const isLong = (name: string): boolean =>
  name.length * 3 > SHORT_MAX && Buffer.byteLength(name) > SHORT_MAX

/** Adds the long names of a command, or of lines and switches, in wire form. */
export const addLongNames = (plain: Plain | undefined, names: Set<string>): void => {
  if (typeof plain !== "object" || plain === null) return
  if (Array.isArray(plain)) {
    for (const item of plain as readonly Plain[]) addLongNames(item, names)
    return
  }
  for (const [key, value] of Object.entries(plain as { readonly [key: string]: Plain })) {
    if (typeof value !== "string") addSwitchesOrMore(key, value, names)
    else if (NAMES.has(key) && isLong(value)) names.add(value)
  }
}

const NAMES: ReadonlySet<string> = new Set(["account", "division", "source", "switch"])

const addSwitchesOrMore = (key: string, value: Plain, names: Set<string>): void => {
  if (key !== "switches") addLongNames(value, names)
  else for (const one of value as readonly string[]) if (isLong(one)) names.add(one)
}

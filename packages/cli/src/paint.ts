import type { Io } from "./io.ts"

/** Marks text for a terminal; leaves it as it is where colours are not wanted. */
export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
  readonly blue: (text: string) => string
}

export const paintOf = ({ hasColor }: Pick<Io, "hasColor">): Paint => ({
  bold: marked(hasColor, 1, 22),
  dim: marked(hasColor, 2, 22),
  red: marked(hasColor, 31, 39),
  green: marked(hasColor, 32, 39),
  yellow: marked(hasColor, 33, 39),
  blue: marked(hasColor, 34, 39),
})

const marked =
  (hasColor: boolean, on: number, off: number) =>
  (text: string): string =>
    hasColor ? `\u001b[${on}m${text}\u001b[${off}m` : text

import { CliError } from "../io.ts"

const MOST = 10_000

/** How many, of a flag. @throws CliError where it is no whole number from 1 to 10,000 */
export const countOf = (flag: string, text: string): number => {
  const count = Number(text)
  if (/^\d{1,5}$/.test(text) && count >= 1 && count <= MOST) return count
  throw new CliError(`\`${flag} ${text.slice(0, 40)}\` is not a whole number from 1 to ${MOST}`)
}

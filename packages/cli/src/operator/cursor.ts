import { decodeKey } from "@spendfuse/adapters/admin"
import { CliError } from "../io.ts"

/** The place in a log that `--after` names, as `next` of a page wrote it. @throws CliError where none wrote it */
export const cursorOf = (text: string): string => {
  const cursor = decodeKey(text)
  if (cursor !== undefined) return cursor
  throw new CliError("`--after` is not what `next` of a page said; give that")
}

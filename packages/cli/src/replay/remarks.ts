import { countText } from "../figures.ts"
import { shownText } from "./badRow.ts"
import type { Reading } from "./readLog.ts"

/** What a reader of figures must know of a log that was read, each with the mend. */
export const remarksOf = ({ unread, absent, withoutOutput }: Reading): readonly string[] => [
  ...(unread.length === 0 ? [] : [unreadText(unread)]),
  ...(absent.length === 0
    ? []
    : [
        `none of the first records has what --map names: ${absent.slice(0, NAMED).map(shownText).join(", ")}; mend the name`,
      ]),
  ...(withoutOutput === 0
    ? []
    : [
        `${countText(withoutOutput, "row")} without output tokens or a cost: output counts as none there; name its column with --map COLUMN=outputTokens, unless these are embeddings`,
      ]),
]

const unreadText = (unread: readonly string[]): string => {
  const named = unread.slice(0, NAMED).map(shownText).join(", ")
  const more = unread.length > NAMED ? ` and ${countText(unread.length - NAMED, "other")}` : ""
  return `${countText(unread.length, "column")} not read: ${named}${more}; name what matters with --map COLUMN=NAME: a field, or else a dimension of who pays`
}

const NAMED = 12

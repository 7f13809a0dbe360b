import { attempt } from "../engine/attempt.ts"
import type { Notice } from "../engine/notice.ts"

/** Who hears notices: the host's own hook, or the console. One that fails must not end what was about to be counted. */
export const heardBy =
  (onNotice: (notice: Notice) => void = warn): ((notice: Notice) => void) =>
  (notice) =>
    attempt(
      () => onNotice(notice),
      (error) =>
        console.warn(
          `[spendfuse] onNotice failed: ${error instanceof Error ? error.name : "an error"}`,
        ),
    )

const warn = ({ kind, message }: Notice): void => {
  if (kind !== "note") console.warn(`[spendfuse] ${message}`)
}

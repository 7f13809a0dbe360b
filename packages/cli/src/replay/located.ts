import type { LogRecord } from "./formats/format.ts"

/** A record and where it stands: its line, or its place in a JSON document; or why it is none. */
export interface Located {
  readonly line: number
  readonly record: LogRecord | null
  readonly problem?: string
}

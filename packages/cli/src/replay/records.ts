import { JSONParser } from "@streamparser/json"
import { splitLines } from "../splitLines.ts"
import { csvLayoutOf } from "./csvLayout.ts"
import { csvRows } from "./csvRows.ts"
import type { LogRecord } from "./formats/format.ts"
import type { Located } from "./located.ts"

/** The records of a log, one by one; memory is that of one record. How it is written is told by its beginning. */
export const recordsOf = (
  texts: AsyncIterable<string>,
  beginning: string,
): AsyncIterable<Located> => {
  const writing = writingOf(beginning)
  if (writing === "jsonl") return jsonLines(texts)
  return writing === "json" ? jsonDocument(texts) : csvRows(texts, csvLayoutOf(beginning))
}

/** JSON is told by its first sign, JSON lines by a first line that is whole by itself. */
const writingOf = (beginning: string): "csv" | "jsonl" | "json" => {
  const text = beginning.replace(/^\uFEFF/, "").trimStart()
  if (text.startsWith("[")) return "json"
  if (!text.startsWith("{")) return "csv"
  const end = text.indexOf("\n")
  return end < 0 || isJson(text.slice(0, end)) ? "jsonl" : "json"
}

const jsonLines = async function* (texts: AsyncIterable<string>): AsyncIterable<Located> {
  let line = 0
  for await (const text of splitLines(texts)) {
    line += 1
    if (text.trim() === "") continue
    const value = parsed(text)
    if (!isRecord(value))
      yield { line, record: null, problem: "it is not a JSON object; mend the line" }
    else for (const record of recordsOn(value)) yield { line, record }
  }
}

/** The records of a page that an API answered on one line, or the one that the line is. */
const recordsOn = (value: LogRecord): readonly LogRecord[] => {
  const { data } = value
  const isPaged = Array.isArray(data) && data.every(isRecord)
  return isPaged && Object.keys(value).every((name) => PAGE.has(name)) ? data : [value]
}

/** What pages have beside their records. */
const PAGE: ReadonlySet<string> = new Set(
  "data object error meta total page page_size total_pages has_more next_page first_id last_id".split(
    " ",
  ),
)

/** A list of records, or a page with its records in `data` or `resourceSpans`. */
const jsonDocument = async function* (texts: AsyncIterable<string>): AsyncIterable<Located> {
  const found: unknown[] = []
  let broken: string | null = null
  const paths = ["$.*", "$.data.*", "$.resourceSpans.*", "$.batches.*", "$.*.data.*"]
  const parser = new JSONParser({ paths, keepStack: false, separator: "" })
  parser.onValue = ({ value, key, stack }) => {
    const isInList = typeof key === "number"
    if (isInList && isRecord(value) && !isPage(value, stack.length)) found.push(value)
  }
  parser.onError = (error) => {
    broken ??= error.message
  }
  let at = 0
  for await (const text of texts) {
    if (broken === null) parser.write(text)
    for (const value of found.splice(0)) {
      at += 1
      yield { line: at, record: value as LogRecord }
    }
    if (broken !== null) break
  }
  const isBroken = broken !== null
  if (!isBroken) parser.end()
  if (broken !== null) {
    const what = isBroken ? "is broken from here on" : "ends before its last bracket"
    yield { line: at + 1, record: null, problem: `the JSON ${what}; mend the file` }
  }
}

/** A page in a list of pages: its records were read already. */
const isPage = (value: LogRecord, depth: number): boolean => depth <= 1 && Array.isArray(value.data)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const isJson = (text: string): boolean => parsed(text) !== undefined

const isRecord = (value: unknown): value is LogRecord =>
  typeof value === "object" && value !== null && !Array.isArray(value)

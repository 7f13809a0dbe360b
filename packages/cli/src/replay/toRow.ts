import type { ReplayRow } from "@spendfuse/core/lab"
import { BadRow, textOf, valueText } from "./badRow.ts"
import { FIELDS, type Fields } from "./formats/format.ts"
import { instantOf } from "./instantOf.ts"

/** Turns the fields of a call into a row; rows of one payer share their subject. */
export class RowMaker {
  readonly #subjects = new Map<string, Readonly<Record<string, string>>>()

  /** @throws BadRow which names the field, the value and the mend */
  make(fields: Fields): ReplayRow {
    const atMs = instantOf("time", fields.time)
    if (atMs === null) throw new BadRow("`time` is missing; name its column: --map COLUMN=time")
    const output = countOf(fields, "outputTokens")
    const charge = nanoOf(fields.usd)
    const input = inputOf(fields)
    if (charge === null && input.inputTokens === undefined && output === null)
      throw new BadRow(
        "neither tokens nor `usd` are there; name their columns: --map COLUMN=inputTokens",
      )
    const max = countOf(fields, "maxOutputTokens")
    const calls = countOf(fields, "calls")
    const durationMs = durationOf(fields, atMs)
    const searches = countOf(fields, "webSearches")
    return {
      atMs,
      subject: this.#subjectOf(fields),
      ...nameOf(fields, "provider"),
      ...nameOf(fields, "model"),
      ...tierOf(fields),
      usage: {
        ...input,
        ...(output !== null && { outputTokens: output }),
        ...(searches !== null && searches > 0 && { webSearches: searches }),
      },
      ...(charge !== null && { chargeNanoUsd: charge }),
      ...(max !== null && max > 0 && { maxOutputTokens: max }),
      ...(calls !== null && calls > 0 && { calls }),
      ...(durationMs > 0 && { durationMs }),
      ...markOf(fields.legitimate),
    }
  }

  #subjectOf(fields: Fields): Readonly<Record<string, string>> {
    const dimensions: [string, string][] = []
    for (const name in fields) {
      const value = fields[name]
      if (KNOWN.has(name) || isMissing(value)) continue
      if (name === "platform") throw new BadRow("`platform` is implied; map the column elsewhere")
      dimensions.push([name, textOf(name, value)])
    }
    const key = JSON.stringify(dimensions)
    const known = this.#subjects.get(key)
    if (known !== undefined) return known
    if (this.#subjects.size >= SUBJECTS_KEPT) this.#subjects.clear()
    const subject = Object.fromEntries(dimensions)
    this.#subjects.set(key, subject)
    return subject
  }
}

const SUBJECTS_KEPT = 100_000
const KNOWN: ReadonlySet<string> = new Set(FIELDS)
const DURATION_MAX_MS = 6 * 86_400_000

const isMissing = (value: unknown): boolean =>
  value === undefined || value === null || value === "" || value === "null"

/** Plain input: what a form counts as all input less what was read from or written to a cache. */
const inputOf = (fields: Fields): ReplayRow["usage"] => {
  const read = countOf(fields, "cacheReadTokens") ?? 0
  const written = countOf(fields, "cacheWriteTokens") ?? 0
  const longer = countOf(fields, "cacheWrite1hTokens") ?? 0
  const all = countOf(fields, "allInputTokens")
  const own = countOf(fields, "inputTokens")
  const plain = all === null ? own : all - read - written - longer
  if (plain !== null && plain < 0)
    throw new BadRow(
      `\`allInputTokens\` is ${valueText(all)}, less than what was read from and written to a cache; map its column to inputTokens`,
    )
  return {
    ...(plain !== null && { inputTokens: plain }),
    ...(read > 0 && { cacheReadTokens: read }),
    ...(written > 0 && { cacheWriteTokens: written }),
    ...(longer > 0 && { cacheWrite1hTokens: longer }),
  }
}

const countOf = (fields: Fields, name: string): number | null => {
  const value = fields[name]
  if (isMissing(value)) return null
  const text = typeof value === "string" ? value.trim() : null
  if (text !== null && GROUPED.test(text))
    throw new BadRow(
      `\`${name}\` is ${valueText(value)}, which may have its thousands apart; write the digits alone`,
    )
  const count = text === null ? value : Number(text)
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count
  throw new BadRow(`\`${name}\` is ${valueText(value)}, not a whole number from 0; mend the row`)
}

/** `1.250` is 1250 to some and 1.25 to others, and no count has a part. */
const GROUPED = /^\d{1,3}(?:[.,'\u00A0\u202F ]\d{3})+(?:[.,]\d*)?$/

/** The standard tier has no name of its own in our prices. */
const tierOf = (fields: Fields): { serviceTier?: string } => {
  const { serviceTier } = fields
  return isMissing(serviceTier) || serviceTier === "standard" || serviceTier === "default"
    ? {}
    : { serviceTier: textOf("serviceTier", serviceTier) }
}

const nameOf = <Name extends "provider" | "model">(
  fields: Fields,
  name: Name,
): Partial<Record<Name, string>> => {
  const value = fields[name]
  return isMissing(value) ? {} : ({ [name]: textOf(name, value) } as Partial<Record<Name, string>>)
}

const durationOf = (fields: Fields, atMs: number): number => {
  const value = fields.durationMs
  if (!isMissing(value)) {
    const given = Number(textOf("durationMs", value))
    if (Number.isFinite(given) && given >= 0) return Math.min(DURATION_MAX_MS, Math.round(given))
    throw new BadRow(`\`durationMs\` is ${valueText(value)}, not milliseconds; mend the row`)
  }
  const endMs = instantOf("endTime", fields.endTime)
  return endMs === null ? 0 : Math.min(DURATION_MAX_MS, Math.max(0, endMs - atMs))
}

const markOf = (value: unknown): { legitimate?: boolean } => {
  if (isMissing(value)) return {}
  const text = textOf("legitimate", value).toLowerCase()
  if (YES.has(text)) return { legitimate: true }
  if (NO.has(text)) return { legitimate: false }
  throw new BadRow(`\`legitimate\` is ${valueText(value)}; write true or false`)
}

const YES: ReadonlySet<string> = new Set(["true", "1", "yes", "t"])
const NO: ReadonlySet<string> = new Set(["false", "0", "no", "f"])

/** Nano-USD of decimal dollars, exactly, rounded up once; exponents are read too. */
const nanoOf = (value: unknown): number | null => {
  if (isMissing(value)) return null
  const text = textOf("usd", value).trim()
  const match = DOLLARS.exec(text)
  if (match !== null) {
    const [, whole = "", fraction = "", exponent = "0"] = match
    const shift = Number(exponent) - fraction.length + 9
    const digits = BigInt(whole + fraction)
    const power = 10n ** BigInt(Math.min(60, Math.abs(shift)))
    const nano = shift >= 0 ? digits * power : (digits + power - 1n) / power
    if (nano <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(nano)
    throw new BadRow(`\`usd\` is ${valueText(value)}, above 9007199 dollars; mend the row`)
  }
  if (COMMA.test(text))
    throw new BadRow(
      `\`usd\` is ${valueText(value)}, with a comma: write decimals behind a point, and no thousands apart, as 1234.5`,
    )
  throw new BadRow(`\`usd\` is ${valueText(value)}, not an amount of dollars; write 0.0125`)
}

const COMMA = /^\s*[$€]?\s*\d[\d.,'\s]*,\d/
const DOLLARS = /^\$?(\d{1,16})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,2}))?$/

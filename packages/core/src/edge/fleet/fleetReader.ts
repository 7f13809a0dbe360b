import { parseUsd } from "../../domain/money.ts"
import { parseDuration } from "../../domain/time.ts"
import { shown, under } from "../problem.ts"
import { Reader } from "../read.ts"
import type { Share, Spread } from "./fleet.ts"
import type { DurationSpreadJson, SpreadJson } from "./fleetJson.ts"

/** Reads what only fleets have: offsets from their start, spreads, shares. */
export class FleetReader extends Reader {
  readonly startMs: number
  /** Set once `lasts` is read. */
  endMs: number

  constructor(startMs: number) {
    super()
    this.startMs = startMs
    this.endMs = startMs
  }

  /** An offset from the start, `0s` among them. */
  at(path: string, text: string): number {
    return this.startMs + this.pause(path, text)
  }

  /** A duration that may be none. */
  pause(path: string, text: string): number {
    return parseDuration(text) === 0 ? 0 : this.duration(path, text)
  }

  /** A price of tokens, which may be none: nano-USD per million. */
  rate(path: string, value: string | number): number {
    return parseUsd(String(value)) === 0 ? 0 : this.amount(path, value, "usd")
  }

  count(path: string, value: SpreadJson, most: number): Spread {
    const values = typeof value === "number" ? [value] : value
    for (const [at, one] of values.entries())
      this.integer(typeof value === "number" ? path : under(path, at), one, 0, most)
    return this.#spread(path, values, "[100, 900] or [100, 300, 4000]")
  }

  durations(path: string, value: DurationSpreadJson): Spread {
    const values =
      typeof value === "string"
        ? [this.pause(path, value)]
        : value.map((one, at) => this.pause(under(path, at), one))
    return this.#spread(path, values, '["2s", "20s"] or ["2s", "5s", "1m"]')
  }

  /** 5 % are 50,000 millionths. */
  millionths(path: string, text: string): number {
    if (/^0+(\.0+)?\s*%$/.test(text)) return 0
    const percent = this.percent(path, text)
    if (percent <= 100) return Math.round(percent * 10_000)
    this.problem(path, `${shown(text)} is more than all; write at most "100%"`)
    return 0
  }

  share(
    path: string,
    json: { readonly share: string; readonly from?: string; readonly until?: string },
  ): Share {
    return {
      millionths: this.millionths(under(path, "share"), json.share),
      fromMs: json.from === undefined ? this.startMs : this.at(under(path, "from"), json.from),
      untilMs: json.until === undefined ? this.endMs : this.at(under(path, "until"), json.until),
    }
  }

  /** One of the names that there are. */
  nameOf(path: string, name: string, names: readonly string[], what: string): string {
    if (!names.includes(name))
      this.problem(
        path,
        `${shown(name)} is no ${what}; write one of ${[...new Set(names)].slice(0, 8).map(shown).join(", ")}`,
      )
    return name
  }

  #spread(path: string, values: readonly number[], example: string): Spread {
    const [least, median, most] = values.length === 3 ? values : [values[0], values[0], values[1]]
    const top = most ?? least
    const isRising = values.every((value, at) => at === 0 || value >= (values[at - 1] ?? 0))
    if (values.length < 1 || values.length > 3 || !isRising)
      this.problem(
        path,
        `${shown(values)} is not one to three rising values; write e.g. ${example}`,
      )
    const from = least ?? 0
    // Of two values any between them is as likely.
    return {
      least: from,
      median: values.length === 3 ? (median ?? 0) : middle(from, top ?? 0),
      most: top ?? 0,
    }
  }
}

const middle = (least: number, most: number): number => least + Math.floor((most - least) / 2)

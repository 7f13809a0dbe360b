import { expect, it } from "vitest"
import { parseDuration } from "../../src/domain/time.ts"

it.each([
  ["250ms", 250],
  ["1s", 1_000],
  ["1m", 60_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["1w", 604_800_000],
  ["100000000d", 8_640_000_000_000_000],
  ["100000000d1ms", undefined],
  ["999999999999w", undefined],
  ["", undefined],
  ["1", undefined],
  ["1.5h", undefined],
  [" 1s", undefined],
  ["1s ", undefined],
  ["1y", undefined],
])("a duration of whole units up to the end of all time: %j", (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

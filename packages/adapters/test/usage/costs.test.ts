import { libraryPrices } from "@spendfuse/core/prices"
import { describe, expect, it } from "vitest"
import { readUsage, readUsageText, type UsageAnswer } from "../../src/fetch.ts"
import { anthropicCases } from "./anthropicCases.ts"
import { type CostCase, worked } from "./costCase.ts"
import { geminiCases } from "./geminiCases.ts"
import { openaiCases } from "./openaiCases.ts"

const prices = libraryPrices()
const cases = [...openaiCases, ...anthropicCases, ...geminiCases]

const costOf = (one: CostCase, read: UsageAnswer): unknown => {
  if (read === null || "problem" in read) return read
  if (read.chargeNanoUsd !== undefined) return read.chargeNanoUsd
  const { provider, model, at = "2026-11-01T12:00:00Z" } = one
  const { serviceTier } = read
  const cost = prices.cost(
    { provider, model, atMs: Date.parse(at), ...(serviceTier !== undefined && { serviceTier }) },
    read.usage,
  )
  return cost.kind === "priced" ? cost.nanoUsd : cost
}

const dataOf = (event: object | string): string =>
  typeof event === "string" ? event : JSON.stringify(event)

/** The stream as a provider writes it: OpenAI and Gemini without names of events, Anthropic with. */
const streamOf = ({ body, shape }: CostCase): string =>
  (body as readonly (object | string)[])
    .map((event) => {
      const name =
        shape === "anthropic-messages" ? `event: ${(event as { type: string }).type}\n` : ""
      return `${name}data: ${dataOf(event)}\n\n`
    })
    .join("")

describe("what a call costs, by hand", () => {
  it("is worked out of 40 bodies and more, of three providers", () => {
    expect(cases.length).toBeGreaterThanOrEqual(40)
    expect(new Set(cases.map(({ name, provider }) => provider + name)).size).toBe(cases.length)
  })

  it.each(cases.map((one) => [one.provider, one.name, one] as const))(
    "%s: %s",
    (_provider, _name, one) => {
      expect(worked(one.sum)).toBe(BigInt(one.nano))
      const isStream = Array.isArray(one.body)
      const read = isStream
        ? readUsageText(one.shape, streamOf(one))
        : readUsage(one.shape, one.body)
      expect(costOf(one, read)).toBe(one.nano)
      const text = isStream ? streamOf(one).replaceAll("\n", "\r\n") : JSON.stringify(one.body)
      expect(costOf(one, readUsageText(one.shape, text))).toBe(one.nano)
    },
  )
})

import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { libraryPrices } from "@spendfuse/core/prices"
import { describe, expect, it } from "vitest"
import { Routes, type Shape } from "../../src/fetch/route.ts"
import { readUsage, readUsageText, type UsageAnswer } from "../../src/fetch/usage.ts"
import { opened, policyOf } from "../fetch/harness.ts"
import { worked } from "../usage/costCase.ts"

/** Answers of one provider in the shape that its documentation shows. */
interface File {
  /** The page that shows the shape. */
  readonly source: string
  readonly provider: string
  readonly shape: Shape
  readonly url: string
  readonly recordings: readonly Recording[]
}

interface Recording {
  readonly name: string
  readonly model: string
  /** A JSON answer, or the data of each event. */
  readonly body?: object
  readonly events?: readonly (object | string)[]
  /** Null where it tells none: such a call counts whole. */
  readonly usage: object | null
  /** Count × nano-USD, as on 2026-11-01. */
  readonly sum?: string
}

const AT_MS = Date.parse("2026-11-01T12:00:00Z")
const prices = libraryPrices()
const files = readdirSync(import.meta.dirname)
  .filter((name) => name.endsWith(".json"))
  .map((name) => JSON.parse(readFileSync(join(import.meta.dirname, name), "utf8")) as File)
const all = files.flatMap((file) =>
  file.recordings.map((one) => [`${new URL(file.url).host}: ${one.name}`, file, one] as const),
)

const textOf = ({ events = [], body }: Recording): string =>
  body !== undefined
    ? JSON.stringify(body)
    : events
        .map((event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`)
        .join("")

const costOf = ({ provider }: File, { model }: Recording, read: UsageAnswer): unknown => {
  if (read === null || "problem" in read) return read
  if (read.chargeNanoUsd !== undefined) return read.chargeNanoUsd
  const tier = read.serviceTier === undefined ? {} : { serviceTier: read.serviceTier }
  const cost = prices.cost({ provider, model, atMs: AT_MS, ...tier }, read.usage)
  return cost.kind === "priced" ? cost.nanoUsd : cost
}

/** What the guard settles for the answer: nothing of it is read here. */
const settledOf = async (file: File, one: Recording): Promise<number> => {
  const kind = one.events === undefined ? "application/json" : "text/event-stream"
  const upstream = async () =>
    new Response(textOf(one), { headers: { "content-type": kind, "x-request-id": "1" } })
  await using test = opened({
    policy: policyOf("100"),
    fetch: { fetch: upstream },
    spendfuse: {
      prices: {
        ...prices,
        cost: (query, usage) => prices.cost({ ...query, atMs: AT_MS }, usage),
      },
    },
  })
  const isStream = one.events !== undefined
  const response = await test.guarded(urlOf(file, one), {
    method: "POST",
    body: JSON.stringify({ model: one.model, stream: isStream, max_tokens: 2_000, ...INPUT }),
  })
  await response.text()
  expect(response.status).toBe(200)
  const { settled, held } = await test.spent()
  expect(held).toBe(0)
  return settled
}

const INPUT = { messages: [], input: "", contents: [], tools: [] }

const urlOf = ({ url }: File, { model, events }: Recording): string =>
  url
    .replace("{model}", model)
    .replace(":generateContent", events ? ":streamGenerateContent?alt=sse" : ":generateContent")

describe("the recordings", () => {
  it("are 60 and more, of 11 providers, each with its source", () => {
    expect(all.length).toBeGreaterThanOrEqual(60)
    expect(new Set(files.map(({ provider }) => provider)).size).toBeGreaterThanOrEqual(11)
    expect(new Set(all.map(([name]) => name)).size).toBe(all.length)
    for (const { source } of files) expect(source).toMatch(/^https:\/\//)
  })

  it.each(all)("%s", async (_name, file, one) => {
    const route = new Routes(undefined).of("POST", urlOf(file, one))
    expect(route).toMatchObject({ kind: "guarded", shape: file.shape, provider: file.provider })
    const read =
      one.body === undefined
        ? readUsageText(file.shape, textOf(one))
        : readUsage(file.shape, one.body)
    if (one.usage === null || one.sum === undefined) {
      expect(read).toBeNull()
      // Input and 1,000 tokens of output are held at most; an answer that told its usage would be less.
      expect(await settledOf(file, one)).toBeGreaterThan(1_000_000)
      return
    }
    expect(read).toMatchObject({ usage: one.usage })
    expect(Object.keys((read as { usage: object }).usage).sort()).toEqual(
      Object.keys(one.usage).sort(),
    )
    const nano = Number(worked(one.sum))
    expect(costOf(file, one, read)).toBe(nano)
    expect(await settledOf(file, one)).toBe(nano)
  })
})

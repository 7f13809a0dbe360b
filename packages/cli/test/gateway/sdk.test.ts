import Anthropic from "@anthropic-ai/sdk"
import OpenAI, { APIError } from "openai"
import { expect, test } from "vitest"
import { ALICE, type Running, running } from "./running.ts"

const openai = (url: string, key: string): OpenAI =>
  new OpenAI({ apiKey: key, baseURL: `${url}/v1` })
const anthropic = (url: string, key: string): Anthropic =>
  new Anthropic({ apiKey: key, baseURL: url })

type Run = (what: string, stream: boolean) => Promise<unknown>

/** The same client straight at the provider, and at the gateway. */
const KINDS: readonly (readonly [string, (url: string, key: string) => Run, string])[] = [
  [
    "openai chat",
    (url, key) => async (what, stream) => {
      const body = { model: "gpt-5", messages: [{ role: "user" as const, content: what }] }
      const client = openai(url, key)
      return stream
        ? all(await client.chat.completions.create({ ...body, stream: true }))
        : client.chat.completions.create(body)
    },
    "",
  ],
  [
    "openai responses",
    (url, key) => async (what, stream) => {
      const client = openai(url, key)
      const body = { model: "gpt-5", input: what }
      return stream
        ? all(await client.responses.create({ ...body, stream: true }))
        : client.responses.create(body)
    },
    "",
  ],
  [
    "anthropic",
    (url, key) => async (what, stream) => {
      const client = anthropic(url, key)
      const body = {
        model: "claude-haiku-4-5",
        max_tokens: 500,
        messages: [{ role: "user" as const, content: what }],
      }
      return stream
        ? all(await client.messages.create({ ...body, stream: true }))
        : client.messages.create(body)
    },
    "/anthropic",
  ],
]

const all = async (events: AsyncIterable<unknown>): Promise<readonly unknown[]> => {
  const seen: unknown[] = []
  for await (const event of events) seen.push(event)
  return seen
}

/** What came of it, as a caller sees it. */
const outcome = async (run: () => Promise<unknown>): Promise<unknown> => {
  try {
    return { answer: JSON.parse(JSON.stringify(await run())) }
  } catch (error) {
    const { status, error: body } = error as { status?: number; error?: unknown }
    return { name: (error as Error).constructor.name, status, body }
  }
}

const usdOf = async (one: Running, count: number): Promise<readonly unknown[]> =>
  (await one.told("call", count)).map(({ usd }) => usd)

test.each(KINDS)(
  "%s: the same answers, events and errors as without",
  async (_name, client, prefix) => {
    await using one = await running()
    const direct = client(one.upstream.url, "sk")
    const through = client(`${one.url}${prefix}`, ALICE)
    for (const stream of [false, true])
      for (const what of ["hello", "tools", "split", "status 400", "status 404"])
        expect(await outcome(() => through(what, stream))).toEqual(
          await outcome(() => direct(what, stream)),
        )
    const usd = await usdOf(one, 10)
    const perCall = prefix === "" ? "0.000075" : "0.000045"
    expect(usd.filter((cost) => cost !== null)).toEqual(Array(6).fill(perCall))
  },
)

test("a refusal costs one attempt and is one typed error", async () => {
  await using one = await running({ usd: 0.000001 })
  const asked = openai(one.url, ALICE).chat.completions.create({
    model: "gpt-5",
    messages: [{ role: "user", content: "hello" }],
  })
  const error = await asked.catch((failure: unknown) => failure)
  expect(error).toBeInstanceOf(APIError)
  expect(error).toMatchObject({ status: 402, type: "spendfuse_refused", code: "too-large" })
  expect(one.upstream.seen).toEqual([])
  const refused = await anthropic(`${one.url}/anthropic`, ALICE)
    .messages.create({
      model: "claude-haiku-4-5",
      max_tokens: 500,
      messages: [{ role: "user", content: "hello" }],
    })
    .catch((failure: unknown) => failure)
  expect(refused).toBeInstanceOf(Anthropic.APIError)
  expect(refused).toMatchObject({ status: 402 })
  const lines = await one.told("call", 2)
  expect(lines.map(({ refused: why, key }) => [why, key])).toEqual([
    ["too-large", "alice"],
    ["too-large", "alice"],
  ])
})

test("a caller that goes ends the provider's stream, and the call is counted once", async () => {
  await using one = await running()
  const stream = await openai(one.url, ALICE).chat.completions.create({
    model: "gpt-5",
    messages: [{ role: "user", content: "hang" }],
    stream: true,
    max_completion_tokens: 100,
  })
  for await (const _ of stream) break
  const [line] = await one.told("call")
  expect(line).toMatchObject({ status: 200, assumed: true })
  expect(Number(line?.usd)).toBeGreaterThan(0)
})

test("the provider's key stays here, and the answer says its cost", async () => {
  await using one = await running()
  const { data, response } = await openai(one.url, ALICE)
    .chat.completions.create({ model: "gpt-5", messages: [{ role: "user", content: "hello" }] })
    .withResponse()
  expect(data.choices[0]?.message.content).toBe("you said hello ☕")
  expect(response.headers.get("x-spendfuse-cost-usd")).toBe("0.000075")
  expect(response.headers.get("x-spendfuse-tokens")).toBe("25")
})

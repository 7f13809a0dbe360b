import { type Command, fingerprintOf } from "@spendfuse/core/domain"
import { StoreCorrupt } from "@spendfuse/core/ports"
import { expect, it } from "vitest"
import { Batches } from "../src/batches.ts"
import type { Query } from "../src/client.ts"

const expire = (n: number): Command => ({
  kind: "expire",
  id: { source: "s", n },
  done: 0,
  division: "*",
})

const answerTo = (n: string, kind = "expired"): object => ({
  outcome: { kind, reservations: [] },
  events: "0",
  time: n,
  done: "0",
})

/** Batches over a database by hand: it gets the numbers of the commands that were sent. */
const over = (
  answer: (numbers: readonly string[]) => readonly unknown[],
): { batches: Batches; calls: string[] } => {
  const calls: string[] = []
  const query: Query = async (_, values = []) => {
    const { commands } = JSON.parse(String(values[0])) as {
      readonly commands: readonly { readonly id: { readonly n: string }; readonly f: string }[]
    }
    const numbers = commands.map(({ id }) => id.n)
    expect(commands.map(({ f }) => f)).toEqual(numbers.map((n) => fingerprintOf(expire(Number(n)))))
    calls.push(numbers.join(" "))
    const answers = answer(numbers)
    const places = answers.map((_, at) => at + 1)
    return [{ answer: { now: "0", quick: null, places, answers } }]
  }
  const client = {
    query,
    transaction: async () => Promise.reject(new Error()),
    close: async () => undefined,
  }
  return { batches: new Batches({ client, schema: "s", settings: { url: "" } as object }), calls }
}

const together = (batches: Batches): Promise<readonly string[]> =>
  Promise.all(
    [1, 2, 3].map((n) =>
      batches.apply([expire(n)]).then(
        ([applied]) => String(applied?.storeTimeMs),
        (error: unknown) => (error as Error).name,
      ),
    ),
  )

it("sends a batch that fails by what it holds again one by one: only the guilty fails", async () => {
  const { batches, calls } = over((numbers) => {
    if (numbers.includes("2")) throw Object.assign(new Error("secret"), { code: "22P02" })
    return numbers.map((n) => answerTo(n))
  })
  expect(await together(batches)).toEqual(["1", "StoreCorrupt", "3"])
  expect(calls).toEqual(["1 2 3", "1", "2", "3"])
})

it("fails for an answer that cannot be read its own command alone, and sends nothing again", async () => {
  const { batches, calls } = over((numbers) =>
    numbers.map((n) => answerTo(n, n === "2" ? "of-tomorrow" : "expired")),
  )
  expect(await together(batches)).toEqual(["1", "StoreCorrupt", "3"])
  expect(calls).toEqual(["1 2 3"])
})

it("sends nothing again where the server was lost", async () => {
  const { batches, calls } = over(() => {
    throw Object.assign(new Error("secret"), { code: "ECONNRESET" })
  })
  expect(await together(batches)).toEqual(Array(3).fill("StoreUnavailable"))
  expect(calls).toEqual(["1 2 3"])
})

it("takes fewer answers than commands for damage", async () => {
  const { batches } = over(() => [])
  await expect(batches.apply([expire(1)])).rejects.toBeInstanceOf(StoreCorrupt)
})

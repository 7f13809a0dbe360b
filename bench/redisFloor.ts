import { connect } from "node:net"
import type { Redis } from "ioredis"
import { type Client, scriptOf } from "../packages/store-redis/src/client.ts"
import { STEPS } from "../packages/store-redis/src/redisStore.ts"
import { storeOn } from "../packages/store-redis/src/storeOn.ts"
import type { Stores } from "./redisCalls.ts"

/** What a step's script called, each call a list of words; TIME is the clock, all others are data. */
export type Called = readonly (readonly Buffer[])[]

export interface Recorded {
  readonly reserves: readonly Called[]
  readonly settles: readonly Called[]
  /** Commands that the client sent. */
  readonly sent: number
}

/** Runs some work while a server says what it is asked. */
export const recorded = async (port: number, work: () => Promise<void>): Promise<Recorded> => {
  const lines: string[] = []
  let rest = ""
  const socket = connect(port, "127.0.0.1")
  socket.setEncoding("latin1")
  await new Promise<void>((resolve) => {
    socket.on("data", (text: string) => {
      const parts = (rest + text).split("\r\n")
      rest = parts.pop() ?? ""
      lines.push(...parts)
      resolve()
    })
    socket.write("MONITOR\r\n")
  })
  await work()
  await new Promise((resolve) => setTimeout(resolve, 50))
  socket.destroy()
  return read(lines)
}

const read = (lines: readonly string[]): Recorded => {
  const runs: Buffer[][][] = []
  let sent = 0
  for (const line of lines) {
    const found = /^\+\d+\.\d+ \[\d+ (\S+)\] (.*)$/.exec(line)
    if (found === null) continue
    const words = wordsOf(found[2] ?? "")
    if (found[1] === "lua") runs.at(-1)?.push(words)
    else {
      sent += 1
      if (/^evalsha$/i.test(String(words[0]))) runs.push([])
    }
  }
  const isEnd = (run: Called): boolean => run.some(([name]) => /^(zrem|hdel)$/i.test(String(name)))
  const begins = (run: Called): boolean => run.some(([name]) => /^zadd$/i.test(String(name)))
  const steps = runs.filter((run) => run.length > 2 && !(begins(run) && isEnd(run)))
  return { reserves: steps.filter((run) => !isEnd(run)), settles: steps.filter(isEnd), sent }
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" }

const wordsOf = (text: string): Buffer[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ""]) =>
    Buffer.from(
      word.replace(/\\(x[0-9a-f]{2}|.)/g, (_, mark: string) =>
        mark.length === 3
          ? String.fromCharCode(Number.parseInt(mark.slice(1), 16))
          : (ESCAPES[mark] ?? mark),
      ),
      "latin1",
    ),
  )

/**
 * A store that takes the same arguments and makes the same calls, on keys of its own, and decides nothing:
 * for so many commands of a kind it does what a run of the nearest count did.
 */
export const floorOn = async (
  client: Client,
  redis: Redis,
  { reserves, settles }: Recorded,
  answers: ReadonlyMap<string, string>,
  [prefix, own]: readonly [string, string],
): Promise<Stores> => {
  const bodies = [
    { kind: "r", runs: reserves, answer: answers.get("R") },
    { kind: "s", runs: settles, answer: answers.get("S") },
  ].map(({ kind, runs, answer }) => {
    const calls = [...byCount(runs)].map(
      ([count, run]) => `[${count}] = function()\n${callsText(run, prefix, own)}\nend`,
    )
    return `[${JSON.stringify(kind)}] = { ${literal(Buffer.from(answer ?? ""))}, {\n${calls.join(",\n")}\n} }`
  })
  const script = scriptOf(`local known = {\n${bodies.join(",\n")}\n}\n${FLOOR}`)
  await redis.script("LOAD", script.source)
  const store = storeOn(client, { ...STEPS, script }, { prefix: own })
  return { reserve: store, settle: store }
}

const FLOOR = `
local isMany = ARGV[5] == "m"
local count = isMany and tonumber(ARGV[6]) or 1
local its = known[isMany and ARGV[#ARGV]:sub(1, 1) or ARGV[5]]
local run, best
for of, one in pairs(its[2]) do
  if not best or math.abs(of - count) < math.abs(best - count) then
    run, best = one, of
  end
end
run()
return string.rep(its[1] .. "\\n", count - 1) .. its[1]
`

/** One run of each count, from among those in the middle, the most usual counts first. */
const byCount = (runs: readonly Called[]): ReadonlyMap<number, Called> => {
  const lists = new Map<number, Called[]>()
  for (const run of runs) lists.set(countOf(run), [...(lists.get(countOf(run)) ?? []), run])
  const usual = [...lists].sort(([, a], [, b]) => b.length - a.length).slice(0, COUNTS)
  if (usual.length === 0) throw new Error("no step was recorded")
  return new Map(usual.map(([count, list]) => [count, list[Math.floor(list.length / 2)] as Called]))
}

const COUNTS = 3

/** How many commands a run decided: it names each reservation once in an index. */
export const countOf = (run: Called): number => {
  let count = 0
  for (const words of run) {
    const name = String(words[0]).toLowerCase()
    if (name === "zadd") count += (words.length - 2) / 2
    if (name === "zrem") count += words.length - 2
  }
  return count
}

const callsText = (run: Called, prefix: string, own: string): string =>
  run
    .map(
      (words) => `redis.call(${words.map((word) => literal(moved(word, prefix, own))).join(", ")})`,
    )
    .join("\n")

const moved = (word: Buffer, prefix: string, own: string): Buffer => {
  if (prefix.length !== own.length) throw new Error("prefixes of one length, as both are in values")
  return Buffer.from(word.toString("latin1").replaceAll(prefix, own), "latin1")
}

const literal = (word: Buffer): string =>
  `"${[...word].map((byte) => (byte >= 48 && byte <= 122 && byte !== 92 ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`)).join("")}"`

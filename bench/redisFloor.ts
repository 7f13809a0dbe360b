import { connect } from "node:net"
import type { Store } from "@spendfuse/core/ports"
import type { Redis } from "ioredis"
import { type Client, scriptOf } from "../packages/store-redis/src/client.ts"
import { STEPS } from "../packages/store-redis/src/redisStore.ts"
import type { Steps } from "../packages/store-redis/src/steps.ts"
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
  const steps = runs.filter((run) => run.length > 2)
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

/** Stores that take the same arguments and make the same calls, on keys of their own, and decide nothing. */
export const floorOn = async (
  client: Client,
  redis: Redis,
  { reserves, settles }: Recorded,
  answers: ReadonlyMap<string, unknown>,
  [prefix, own]: readonly [string, string],
): Promise<Stores> => {
  const storeFor = async (calls: Called, kind: string): Promise<Store> => {
    const script = scriptOf(
      floorScript(calls, answers.get(kind), (word) => moved(word, prefix, own)),
    )
    await redis.script("LOAD", script.source)
    const steps: Steps = { ...STEPS, script }
    return storeOn(client, steps, { prefix: own })
  }
  return {
    reserve: await storeFor(middle(reserves), "reserve"),
    settle: await storeFor(middle(settles), "settle"),
  }
}

/** One that ran while all callers were busy. */
const middle = (runs: readonly Called[]): Called => {
  const run = runs[Math.floor(runs.length / 2)]
  if (run === undefined) throw new Error("no step was recorded")
  return run
}

const moved = (word: Buffer, prefix: string, own: string): Buffer => {
  if (prefix.length !== own.length) throw new Error("prefixes of one length, as both are in values")
  return Buffer.from(word.toString("latin1").replaceAll(prefix, own), "latin1")
}

const floorScript = (calls: Called, answer: unknown, move: (word: Buffer) => Buffer): string => {
  const literal = (word: Buffer): string =>
    `"${[...word].map((byte) => (byte >= 48 && byte <= 122 && byte !== 92 ? String.fromCharCode(byte) : `\\${String(byte).padStart(3, "0")}`)).join("")}"`
  const lines = calls.map(
    (words) => `redis.call(${words.map((word) => literal(move(word))).join(", ")})`,
  )
  const reply = (one: unknown): string => literal(Buffer.from(String(one)))
  const answered = Array.isArray(answer) ? `{ ${answer.map(reply).join(", ")} }` : reply(answer)
  return `${lines.join("\n")}\nreturn ${answered}\n`
}

import { spawn } from "node:child_process"
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type StandIn, standIn } from "../../../adapters/test/fetch/standIn.ts"

const source = fileURLToPath(new URL("../../src/bin.ts", import.meta.url))
const node = fileURLToPath(new URL("../../../../node_modules/.bin/node", import.meta.url))
/** Each gateway reads the same sources: what Node made of them is kept between runs. */
const NODE_COMPILE_CACHE = fileURLToPath(
  new URL("../../../../node_modules/.cache/cli", import.meta.url),
)
const FLAGS = ["--conditions=@spendfuse/source", "--disable-warning=ExperimentalWarning"]

/** What must stand in no log and go to no provider. */
export const ALICE = "vk-alice-0123456789abcdef"
export const BOB = "vk-bob-0123456789abcdefgh"
export const UPSTREAM_KEY = "sk-upstream-0123456789"
export const ANN = "ann-token-0123456789abcdef0123456789"

/** One line of the gateway's log. */
export type Line = Readonly<Record<string, unknown>> & { readonly event: string }

export interface Running extends AsyncDisposable {
  readonly url: string
  readonly admin: string
  readonly folder: string
  readonly pid: number
  readonly upstream: StandIn
  readonly lines: () => readonly Line[]
  /** Until there are so many lines of an event. */
  readonly told: (event: string, count?: number) => Promise<readonly Line[]>
  readonly signal: (name: NodeJS.Signals) => void
  /** Its exit code. */
  readonly ended: Promise<number | null>
  readonly write: (name: string, value: unknown) => Promise<void>
}

/** A policy of one budget per key and month. */
export const policyOf = (usd: number): object => ({
  budgets: [
    {
      id: "key",
      per: ["apiKey"],
      limit: { usd },
      window: "month",
      tiers: [{ at: "100%", block: true }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 1_000,
})

export const configOf = (upstream: string, more: object = {}): object => ({
  listen: { port: 0 },
  admin: { port: 0, people: { ann: { tokenEnv: "ANN_TOKEN" } } },
  store: { kind: "memory" },
  policy: "policy.json",
  upstreams: {
    openai: { baseUrl: upstream, keyEnv: "UPSTREAM_KEY", provider: "openai", models: ["gpt-*"] },
    anthropic: {
      baseUrl: upstream,
      keyEnv: "UPSTREAM_KEY",
      auth: "x-api-key",
      provider: "anthropic",
      prefix: "/anthropic",
    },
  },
  keys: {
    alice: { keyEnv: "ALICE_KEY", subject: { apiKey: "alice" } },
    bob: { keyEnv: "BOB_KEY", subject: { apiKey: "bob" }, models: ["gpt-5-mini*"] },
  },
  ...more,
})

export interface RunOptions {
  readonly usd?: number
  /** More of the config. */
  readonly config?: object
  readonly env?: Readonly<Record<string, string>>
  readonly upstream?: StandIn
}

/** A gateway as a process of its own, in front of a stand-in provider. */
export const running = async (options: RunOptions = {}): Promise<Running> => {
  const { usd = 10, config = {}, env = {} } = options
  const folder = await mkdtemp(join(tmpdir(), "spendfuse-gateway-"))
  const upstream = options.upstream ?? (await standIn())
  /** At once, as a gateway that looks just then reads it. */
  const write = async (name: string, value: unknown): Promise<void> => {
    const path = join(folder, name)
    await writeFile(`${path}.new`, typeof value === "string" ? value : JSON.stringify(value))
    await rename(`${path}.new`, path)
  }
  await write("policy.json", policyOf(usd))
  await write("spendfuse.json", configOf(upstream.url, config))
  const { PATH = "", HOME = "" } = process.env
  const child = spawn(node, [...FLAGS, source, "gateway", "--config", "spendfuse.json"], {
    cwd: folder,
    env: {
      PATH,
      HOME,
      NODE_COMPILE_CACHE,
      ALICE_KEY: ALICE,
      BOB_KEY: BOB,
      UPSTREAM_KEY,
      ANN_TOKEN: ANN,
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  })
  let out = ""
  let err = ""
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString()
  })
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString()
  })
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve))
  const lines = (): readonly Line[] =>
    out
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line)
  const told = async (event: string, count = 1): Promise<readonly Line[]> => {
    for (let tries = 0; tries < 4_800; tries += 1) {
      const found = lines().filter((line) => line.event === event)
      if (found.length >= count) return found
      if (child.exitCode !== null) break
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    throw new Error(`no \`${event}\` was told: ${out}${err}`)
  }
  const [first] = await told("listening")
  return {
    url: String(first?.url),
    admin: String(first?.admin),
    folder,
    pid: child.pid ?? 0,
    upstream,
    lines,
    told,
    signal: (name) => child.kill(name),
    ended,
    write,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL")
      await ended
      if (options.upstream === undefined) await upstream[Symbol.asyncDispose]()
      await rm(folder, { recursive: true, force: true })
      const said = [ALICE, BOB, UPSTREAM_KEY, ANN, "hello"].filter((one) =>
        (out + err).includes(one),
      )
      if (said.length > 0) throw new Error("a log holds a secret or a prompt")
    },
  }
}

/** A chat call with a key. */
export const chat = (key: string, content: string, more: object = {}): RequestInit => ({
  method: "POST",
  headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  body: JSON.stringify({
    model: "gpt-5",
    messages: [{ role: "user", content }],
    max_completion_tokens: 100,
    ...more,
  }),
})

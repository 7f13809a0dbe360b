import { spawn } from "node:child_process"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { fileURLToPath } from "node:url"

/** One of the rivals: a process that forwards calls. */
export interface Side {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly stop: () => void
}

const KEY = "vk-bench-0123456789abcdef"

export const openOurs = async (
  upstream: string,
  folder: string,
  write: (name: string, value: unknown) => Promise<void>,
): Promise<Side> => {
  const limit = { usd: 1_000_000 }
  const tiers = [{ at: "100%", block: true }]
  const dimensions = ["apiKey", "session", "user", "org", "platform"]
  await write("policy.json", {
    budgets: dimensions.map((name) => ({ id: name, per: [name], limit, window: "day", tiers })),
    unknownModel: "refuse",
    onStoreUnavailable: "deny",
    maxOutputTokens: 1_000,
  })
  await write("spendfuse.json", {
    listen: { port: 0 },
    store: { kind: "memory" },
    policy: "policy.json",
    upstreams: { openai: { baseUrl: upstream, keyEnv: "UPSTREAM_KEY", provider: "openai" } },
    keys: {
      bench: {
        keyEnv: "BENCH_KEY",
        subject: { apiKey: "k1", session: "s1", user: "u1", org: "o1" },
      },
    },
  })
  const source = fileURLToPath(new URL("../packages/cli/src/bin.ts", import.meta.url))
  return opened([source, "gateway", "--config", `${folder}/spendfuse.json`], {
    env: { UPSTREAM_KEY: "sk-upstream", BENCH_KEY: KEY },
    headers: { authorization: `Bearer ${KEY}` },
  })
}

export const openBare = (upstream: string): Promise<Side> =>
  opened([fileURLToPath(new URL("gatewayBare.ts", import.meta.url)), upstream], {
    env: {},
    headers: { authorization: `Bearer ${KEY}` },
  })

/** Portkey's gateway takes a provider's base URL from a header; it keeps no budgets. */
export const openPortkey = async (upstream: string): Promise<Side> => {
  const port = await freePort()
  const main = createRequire(import.meta.url).resolve("@portkey-ai/gateway/build/start-server.js")
  const child = spawn(process.execPath, [main, `--port=${port}`, "--headless"], {
    stdio: "ignore",
  })
  const url = `http://127.0.0.1:${port}`
  await answering(url)
  return {
    url,
    headers: {
      authorization: "Bearer sk-upstream",
      "x-portkey-provider": "openai",
      "x-portkey-custom-host": `${upstream}/v1`,
    },
    stop: () => child.kill("SIGKILL"),
  }
}

interface HowOpened {
  readonly env: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
}

/** Starts a program of this checkout, whose first line of JSON with a URL says where it listens. */
const opened = async (args: readonly string[], { env, headers }: HowOpened): Promise<Side> => {
  const { PATH = "", HOME = "" } = process.env
  const child = spawn(process.execPath, [...process.execArgv, ...args], {
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  })
  const url = await new Promise<string>((resolve, reject) => {
    let text = ""
    let isKnown = false
    child.once("exit", (code) => reject(new Error(`a side of the bench ended with ${code}`)))
    // The log goes on, and is read as a collector would.
    child.stdout.on("data", (data: Buffer) => {
      if (isKnown) return
      text += data.toString()
      const found = /"url":"([^"]+)"/.exec(text)?.[1]
      if (found === undefined) return
      isKnown = true
      resolve(found)
    })
  })
  return { url, headers, stop: () => child.kill("SIGKILL") }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

const answering = async (url: string): Promise<void> => {
  for (let tries = 0; tries < 200; tries += 1) {
    const response = await fetch(url).catch(() => null)
    if (response !== null) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error("Portkey's gateway did not start")
}

import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { standIn } from "../fetch/standIn.ts"

const ROOT = join(import.meta.dirname, "../../../..")
const PROGRAM = join(ROOT, "docs/examples/servers/serve.ts")
const SOURCES = "--conditions=@spendfuse/source"
/** As in a program of its own, whose packages npm has installed. */
const INSTALLED = ["--no-config", "--node-modules-dir=manual"]

/** How each runtime serves the guide's program on a port. */
const RUNTIMES: readonly (readonly [string, (port: number) => readonly string[]])[] = [
  [
    "deno",
    (port) => ["serve", "-A", SOURCES, ...INSTALLED, "--host=127.0.0.1", `--port=${port}`, PROGRAM],
  ],
  ["bun", () => ["run", SOURCES, PROGRAM]],
]

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })

const ended = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve) => {
    if (child.exitCode !== null) return resolve(null)
    child.on("exit", resolve)
    child.kill()
  })

describe("the server of the guide", () => {
  for (const [runtime, argsOf] of RUNTIMES)
    it(`runs in ${runtime}: streams an SDK's answer, and has counted it when it is over`, async () => {
      await using upstream = await standIn()
      const folder = mkdtempSync(join(tmpdir(), "spendfuse-serve-"))
      const port = await freePort()
      const said: string[] = []
      const child = spawn(join(ROOT, "node_modules/.bin", runtime), argsOf(port), {
        cwd: folder,
        env: {
          ...process.env,
          PORT: String(port),
          HOST: "127.0.0.1",
          DENO_NO_UPDATE_CHECK: "1",
          OPENAI_API_KEY: "not-a-key",
          OPENAI_BASE_URL: `${upstream.url}/v1`,
        },
      })
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => void said.push(text))
      onTestFinished(async () => {
        await ended(child)
        rmSync(folder, { recursive: true, force: true })
      })
      const ask = () =>
        fetch(`http://127.0.0.1:${port}/`, {
          method: "POST",
          headers: { "x-key": "agent-7" },
          body: JSON.stringify({ question: "hello" }),
        })
      const answer = await vi.waitFor(ask, { timeout: 60_000, interval: 200 }).catch(() => {
        throw new Error(`${runtime} does not serve:\n${said.join("")}`)
      })
      expect(await answer.text()).toContain('"content":"hello"')
      const journal = (): string => readFileSync(join(folder, "spend.journal"), "utf8")
      await expect.poll(journal).toContain('"kind":"settled"')
      expect(upstream.seen).toHaveLength(1)
      expect(journal().match(/"kind":"reserved"/g)).not.toBeNull()
    })
})

import { readFileSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { gatewayJsonSchema } from "../../src/gateway/jsonSchema.ts"
import { readConfig } from "../../src/gateway/readConfig.ts"
import { run } from "../fakeIo.ts"
import { policyOf } from "./running.ts"

const HASH = `sha256:${"0".repeat(64)}`
const good = {
  policy: "policy.json",
  upstreams: { openai: { baseUrl: "https://api.openai.com", keyEnv: "OPENAI_API_KEY" } },
  keys: { alice: { hash: HASH, subject: { apiKey: "alice" } } },
}

const problemsOf = (config: unknown): readonly string[] => {
  const read = readConfig(config)
  return read.ok ? [] : read.problems.map(({ path, message }) => `${path}: ${message}`)
}

describe("the config", () => {
  it("is read whole", () => {
    expect(readConfig(good)).toEqual({ ok: true, config: good })
  })

  it("has all its problems told at once, each with its path, value and mend", () => {
    const problems = problemsOf({
      ...good,
      listen: { port: 70_000 },
      limits: { bodyBytes: 0 },
      upstreams: { openai: { baseUrl: "api.openai.com", auth: "basic" } },
      keys: { alice: { hash: HASH, subject: { apiKey: 7 } } },
      extra: true,
    })
    expect(problems).toEqual(
      expect.arrayContaining([
        "listen.port: `70000` is not between 0 and 65535; write e.g. 8787",
        "limits.bodyBytes: `0` is not between 1 and 1073741824; write e.g. 33554432",
        'upstreams.openai.baseUrl: is not a base URL without a user, a query or a fragment; write e.g. "https://api.openai.com"',
        "extra: is not a known field; remove it, and write no secret into the file",
      ]),
    )
    expect(problems.find((one) => one.startsWith("upstreams.openai.auth: "))).toContain("basic")
    expect(problems.find((one) => one.startsWith("keys.alice.subject.apiKey: "))).toContain("`7`")
    expect(problems).toHaveLength(6)
  })

  it("does not repeat a key that somebody wrote into it", () => {
    const secret = "sk-live-1234567890"
    const problems = problemsOf({
      ...good,
      upstreams: { openai: { baseUrl: `https://${secret}@api.openai.com`, keyEnv: secret } },
      keys: { alice: { hash: secret, keyEnv: secret, subject: {} } },
    })
    expect(problems).toHaveLength(4)
    expect(problems.join("\n")).not.toContain(secret)
  })

  it("knows what a shape cannot say", () => {
    expect(
      problemsOf({
        ...good,
        keys: {
          alice: { hash: HASH, subject: {}, upstreams: ["azure"] },
          bob: { hash: HASH, subject: {} },
          carol: { subject: {} },
        },
      }),
    ).toEqual([
      'keys.alice.upstreams[0]: `"azure"` is no upstream; write one of `"openai"`',
      'keys.bob.hash: is the key of `"alice"` too; give each its own',
      "keys.carol: needs one of `hash` and `keyEnv`, and not both; write the key's hash",
    ])
  })

  it("has a published schema that is the one that reads it", () => {
    const file = new URL("../../schema/gateway.json", import.meta.url)
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(gatewayJsonSchema())
  })
})

describe("`spendfuse gateway --check`", () => {
  let folder = ""
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "spendfuse-gateway-"))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  const checked = async (
    config: object,
    policy: object = policyOf(1),
  ): Promise<{ code: number; out: string; err: string }> => {
    const files: Record<string, string> = {
      [join(folder, "spendfuse.json")]: JSON.stringify(config, null, 2),
      [join(folder, "policy.json")]: JSON.stringify(policy),
    }
    return run(["gateway", "--config", join(folder, "spendfuse.json"), "--check"], files)
  }

  it("says where a variable is named that is not set", async () => {
    const upstreams = { openai: { baseUrl: "https://api.openai.com", keyEnv: "NOT_SET_HERE" } }
    const { code, err } = await checked({ ...good, upstreams })
    expect(code).toBe(2)
    expect(err).toContain("spendfuse.json:6:7: upstreams.openai.keyEnv: `NOT_SET_HERE` is not set")
  })

  it("says which channels of the policy no notifier serves", async () => {
    const upstreams = { openai: { baseUrl: "https://api.openai.com" } }
    const tiers = [{ at: "100%", block: true, notify: ["oncall"] }]
    const policy = {
      budgets: [{ id: "key", per: ["apiKey"], limit: { usd: 1 }, window: "hour", tiers }],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
    }
    const { code, err } = await checked({ ...good, upstreams }, policy)
    expect(code).toBe(2)
    expect(err).toContain("budgets[0].tiers[0].notify[0]: no notifier serves `oncall`; name it in")
  })

  it("ends well where all is well", async () => {
    const upstreams = { openai: { baseUrl: "https://api.openai.com" } }
    expect(await checked({ ...good, upstreams })).toMatchObject({ code: 0 })
  })
})

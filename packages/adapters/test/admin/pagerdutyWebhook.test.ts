import { createHmac } from "node:crypto"
import { pagerdutyWebhook } from "@spendfuse/adapters/admin"
import { incidentsOf, StoreUnavailable } from "@spendfuse/core"
import { describe, expect, it } from "vitest"
import { dedupKeyOf } from "../../src/notify/pagerduty/dedupKey.ts"
import { openWorld, type World } from "./harness.ts"

const SECRET = "pagerduty-secret-0123456789"
const OLD = "pagerduty-older-secret-0123456789"

interface Change {
  readonly event?: Record<string, unknown>
  readonly agent?: unknown
  readonly data?: Record<string, unknown>
}

/** What PagerDuty sends where a person acknowledges, in its own fields. */
const bodyOf = ({ event, agent, data }: Change = {}): string =>
  JSON.stringify({
    event: {
      id: "01CANARYEVENT0000000000000",
      event_type: "incident.acknowledged",
      resource_type: "incident",
      occurred_at: new Date().toISOString(),
      agent:
        agent === undefined
          ? { id: "PLH1HKV", type: "user_reference", summary: "Ann Onymous" }
          : agent,
      client: { name: "PagerDuty" },
      data: {
        id: "PGR0VU2",
        type: "incident",
        number: 42,
        status: "acknowledged",
        incident_key: "day/agent-7/1",
        ...data,
      },
      ...event,
    },
  })

const signed = (body: string, secret = SECRET): string =>
  `v1=${createHmac("sha256", secret).update(body).digest("hex")}`

const open = async (options: Partial<Parameters<typeof pagerdutyWebhook>[0]> = {}) => {
  const world = openWorld()
  await world.spend({ apiKey: "agent-7" }, 1)
  const webhook = pagerdutyWebhook({
    spendfuse: world.spendfuse,
    store: world.store,
    secrets: [SECRET],
    ...options,
  })
  const send = async (body: string, signature: string | null = signed(body)) => {
    const headers: Record<string, string> = { "content-type": "application/json" }
    if (signature !== null) headers["x-pagerduty-signature"] = signature
    const response = await webhook(
      new Request("https://ops.example.com/pagerduty", { method: "POST", body, headers }),
    )
    const json = (await response.json()) as { kind?: string; why?: string; said?: string }
    return { status: response.status, ...json }
  }
  return { world, webhook, send }
}

const auditOf = async (world: World) => (await world.store.audit({ limit: 100 })).items

const circuitOf = async (world: World, apiKey = "agent-7"): Promise<string> =>
  (await world.spendfuse.account({ budget: "day", subject: { apiKey } })).circuit

describe("PagerDuty's webhook", () => {
  it("acknowledges the account of the incident, by the person who did it there", async () => {
    const { world, send } = await open()
    expect(await send(bodyOf())).toMatchObject({ status: 200, kind: "acknowledged" })
    expect(await circuitOf(world)).toBe("closed")
    expect(await auditOf(world)).toMatchObject([
      {
        by: "Ann Onymous by PagerDuty",
        why: "acknowledged in PagerDuty, incident 42",
        target: "day/agent-7",
      },
    ])
    await world.spendfuse.close()
  })

  it("takes any of several signatures, by any of the secrets", async () => {
    const { world, send } = await open({ secrets: [SECRET, OLD] })
    const body = bodyOf()
    const wrong = `v1=${"0".repeat(64)}`
    expect(await send(body, `${wrong},${signed(body, OLD)}`)).toMatchObject({
      kind: "acknowledged",
    })
    await world.spendfuse.close()
  })

  it("refuses what bears no good signature, and changes nothing", async () => {
    const { world, send } = await open()
    const body = bodyOf()
    const good = signed(body)
    for (const signature of [
      null,
      "",
      "v1=",
      good.slice(3),
      good.replace("v1=", "v0="),
      good.slice(0, -1),
      `${good}0`,
      `v1=${"0".repeat(64)}`,
      signed(body, OLD),
      signed(`${body} `),
      `${Array.from({ length: 20 }, () => `v1=${"0".repeat(64)}`).join(",")},${good}`,
    ])
      expect([signature, (await send(body, signature)).status]).toEqual([signature, 401])
    expect((await send(body.replace("agent-7", "agent-8"), good)).status).toBe(401)
    expect(await circuitOf(world)).toBe("latched")
    expect(await auditOf(world)).toEqual([])
    await world.spendfuse.close()
  })

  it("counts once however often it is sent, also after the next opening", async () => {
    const { world, send } = await open()
    const body = bodyOf()
    await send(body)
    for (let n = 0; n < 3; n += 1) expect((await send(body)).status).toBe(200)
    await world.spend({ apiKey: "agent-7" }, 1)
    expect((await send(body)).status).toBe(200)
    const other = bodyOf({ event: { id: "another" } })
    expect(await send(other)).toMatchObject({
      status: 200,
      kind: "later-generation",
      said: expect.stringMatching(/^It has opened again since\. Nothing was changed\./),
    })
    expect(await circuitOf(world)).toBe("latched")
    expect(await auditOf(world)).toHaveLength(1)
    await world.spendfuse.close()
  })

  it("counts once where the generation is the same: a level that only blocks", async () => {
    const { world, send } = await open()
    const account = { budget: "hard", subject: { user: "u" } }
    const spend = async (): Promise<void> => {
      for (const apiKey of ["a", "b"])
        await world.spendfuse.operator.adjust(
          { ...account },
          { by: "bob", why: `invoice of ${apiKey}`, amount: 500_000_000 },
        )
    }
    const body = bodyOf({ data: { incident_key: "hard/u/0" } })
    await spend()
    expect(await send(body)).toMatchObject({ kind: "acknowledged" })
    await spend()
    expect(await send(body)).toMatchObject({ status: 200, kind: "ignored" })
    expect(await world.spendfuse.account(account)).toMatchObject({
      settled: 2_000_000_000,
      cap: 2_000_000_000,
      generation: 0,
    })
    await world.spendfuse.close()
  })

  it("acknowledges the latest opening of the incident, however often it opened again", async () => {
    const { world, send } = await open()
    const account = { budget: "day", subject: { apiKey: "agent-7" } }
    await world.spendfuse.operator.adjust(account, {
      by: "bob",
      why: "an invoice",
      amount: 1_000_000_000,
    })
    const { generation, since } = await world.spendfuse.account(account)
    expect({ generation, since }).toEqual({ generation: 2, since: 1 })
    expect(await send(bodyOf())).toMatchObject({ kind: "acknowledged" })
    expect(await circuitOf(world)).toBe("closed")
    await world.spendfuse.close()
  })

  it("of what a meter told reaches its levels, and no circuit that opened since", async () => {
    const { world, send } = await open()
    const incidents = async (key: string) => {
      const [record] = await world.store.read([key])
      return record?.account ? incidentsOf(record.account) : []
    }
    const [, latched] = await incidents("day/agent-7")
    expect(latched).toMatch(/^day\/agent-7@\d+$/)
    const late = bodyOf({ event: { id: "late" }, data: { incident_key: latched } })
    expect(await send(late)).toMatchObject({ kind: "later-generation" })
    expect(await circuitOf(world)).toBe("latched")
    const hard = { budget: "hard", subject: { user: "u" } }
    await world.spendfuse.operator.adjust(hard, { by: "bob", why: "x", amount: 1_000_000_000 })
    const [blocked] = await incidents("hard/u")
    for (const incident_key of [blocked, `${blocked}+3`])
      expect(
        await send(bodyOf({ event: { id: String(incident_key) }, data: { incident_key } })),
      ).toMatchObject({
        kind: incident_key === blocked ? "acknowledged" : "nothing-to-acknowledge",
      })
    await world.spendfuse.close()
  })

  it("hears people only: what an integration did, our own events among it, closes nothing", async () => {
    const { world, send } = await open()
    const agents = [
      { id: "P1", type: "events_api_v2_inbound_integration_reference", summary: "Spendfuse" },
      { id: "P2", type: "service_reference", summary: "x" },
      { id: "P3" },
      null,
    ]
    for (const agent of agents)
      expect(await send(bodyOf({ agent }))).toMatchObject({ status: 200, kind: "ignored" })
    for (const event_type of [
      "incident.triggered",
      "incident.resolved",
      "incident.unacknowledged",
      "pagey.ping",
    ])
      expect(await send(bodyOf({ event: { event_type } }))).toMatchObject({
        status: 200,
        kind: "ignored",
      })
    expect(await circuitOf(world)).toBe("latched")
    await world.spendfuse.close()
  })

  it("ignores what is older than the store remembers", async () => {
    const { world, send } = await open()
    const occurred_at = new Date(Date.now() - 43_300_000).toISOString()
    expect(await send(bodyOf({ event: { occurred_at } }))).toMatchObject({
      status: 200,
      kind: "ignored",
    })
    expect(await circuitOf(world)).toBe("latched")
    await world.spendfuse.close()
  })

  it("ignores incidents of others, and refuses what is no webhook", async () => {
    const { world, send } = await open()
    for (const incident_key of [
      "x",
      "",
      "week/a/1",
      "day/agent-7",
      "day/agent-7/x",
      "baf7cf21b1da41b4b0221008339ff357",
    ])
      expect([incident_key, (await send(bodyOf({ data: { incident_key } }))).kind]).toEqual([
        incident_key,
        "ignored",
      ])
    for (const body of [
      "",
      "{",
      "null",
      "[]",
      "{}",
      '{"event":7}',
      bodyOf({ data: { incident_key: 7 } }),
      bodyOf({ event: { occurred_at: "soon" } }),
      bodyOf({ event: { id: "" } }),
    ])
      expect([body, (await send(body)).status]).toEqual([body, 400])
    expect((await send(JSON.stringify({ event: "x".repeat(300_000) }))).status).toBe(413)
    expect(await auditOf(world)).toEqual([])
    await world.spendfuse.close()
  })

  it("finds an account whose key PagerDuty could not hold", async () => {
    const { world, send } = await open()
    for (const apiKey of ["x".repeat(400), "a\u0000b", "\ud800"]) {
      await world.spend({ apiKey }, 1)
      const incident_key = await dedupKeyOf(`day/${apiKey}/1`)
      expect(incident_key).toContain("#sha256:")
      expect(
        await send(bodyOf({ event: { id: apiKey.slice(0, 9) }, data: { incident_key } })),
      ).toMatchObject({ kind: "acknowledged" })
      expect(await circuitOf(world, apiKey)).toBe("closed")
    }
    await world.spendfuse.close()
  })

  it("answers 503 where the store is down, so that PagerDuty sends it again, and 405 to other methods", async () => {
    const { world, webhook } = await open()
    const told: unknown[] = []
    const operator = {
      acknowledge: () => Promise.reject(new StoreUnavailable("redis", new Error("canary"))),
      lineOf: world.spendfuse.operator.lineOf.bind(world.spendfuse.operator),
    }
    const { send } = await open({
      spendfuse: {
        ...world.spendfuse,
        policy: world.spendfuse.policy,
        operator: operator as never,
      },
      onError: (error) => told.push(error),
    })
    const down = await send(bodyOf())
    expect(down.status).toBe(503)
    expect(JSON.stringify(down)).not.toContain("canary")
    expect(told).toHaveLength(1)
    const get = await webhook(new Request("https://ops.example.com/pagerduty"))
    expect({ status: get.status, allow: get.headers.get("allow") }).toEqual({
      status: 405,
      allow: "POST",
    })
    await world.spendfuse.close()
  })

  it("needs a secret, and does not repeat it", () => {
    const options = { spendfuse: {} as never }
    expect(() => pagerdutyWebhook({ ...options, secrets: [] })).toThrow(TypeError)
    expect(() => pagerdutyWebhook({ ...options, secrets: ["canary"] })).toThrow(/^(?!.*canary)/)
  })
})

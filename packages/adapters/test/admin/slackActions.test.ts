import { createHmac } from "node:crypto"
import { type SlackActionsOptions, slackActions } from "@spendfuse/adapters/admin"
import { slack } from "@spendfuse/adapters/slack"
import { type DomainEvent, type Spendfuse, StoreUnavailable } from "@spendfuse/core"
import { describe, expect, it } from "vitest"
import { checkerOf } from "../notify/standIns/schema.ts"
import { MODAL_SCHEMA } from "../notify/standIns/slackSchema.ts"
import { openWorld, type World } from "./harness.ts"

const SECRET = "8f742231b10e8888abcd99e7a1b85a5c"
const TOKEN = "xoxb-123456789012-aBcDeFgHiJkLmNoPqRsTuVwX"
const NOW_MS = Date.UTC(2026, 0, 15, 10, 0)
const URL_OF_APP = "https://ops.example.com/slack"
const REASON = "the loop is stopped"
const checkModal = checkerOf(MODAL_SCHEMA)

type Json = Readonly<Record<string, unknown>>

/** Signs as Slack does, with another library than the one that verifies. */
const signed = (
  body: string,
  how: {
    readonly secret?: string
    readonly atS?: number
    readonly sentS?: number
    readonly version?: string
  } = {},
): Request => {
  const { secret = SECRET, atS = NOW_MS / 1_000, sentS = atS, version = "v0" } = how
  const digest = createHmac("sha256", secret).update(`v0:${atS}:${body}`).digest("hex")
  return new Request(URL_OF_APP, {
    method: "POST",
    body,
    headers: {
      "content-type": "application/x-www-form-urlencoded",
      "x-slack-request-timestamp": String(sentS),
      "x-slack-signature": `${version}=${digest}`,
    },
  })
}

const bodyOf = (payload: Json): string =>
  new URLSearchParams({ payload: JSON.stringify(payload) }).toString()

const ANN = { id: "U0ANN", username: "ann", name: "ann", team_id: "T0123" }
const BOB = { id: "U0BOB", username: "bob", name: "bob", team_id: "T0123" }

const press = (value: string, user: Json = ANN): string =>
  bodyOf({
    type: "block_actions",
    user,
    team: { id: "T0123", domain: "example" },
    api_app_id: "A0123",
    token: "old-verification-token",
    trigger_id: "13345224609.738474920.8088930838d88f008e0",
    response_url: "https://canary.example/actions",
    actions: [
      { type: "button", action_id: "spendfuse_acknowledge", block_id: "b", value, action_ts: "1" },
    ],
  })

const sent = (view: Json, reason: string | null, user: Json = ANN, id = "V0123"): string =>
  bodyOf({
    type: "view_submission",
    user,
    team: { id: "T0123" },
    trigger_id: "1.2.3",
    view: { ...view, id, state: { values: { reason: { reason: { value: reason } } } } },
    response_urls: [{ response_url: "https://canary.example/response" }],
  })

/** A latched key, an app that hears of it, and all that was asked of Slack. */
const open = async (world: World, options: Partial<SlackActionsOptions> = {}) => {
  await world.spend({ apiKey: "agent-7" }, 1)
  const views: Json[] = []
  const asked: string[] = []
  const told: unknown[] = []
  const handle = slackActions({
    spendfuse: world.spendfuse,
    store: world.store,
    signingSecrets: [SECRET],
    token: TOKEN,
    nowMs: () => NOW_MS,
    onError: (error) => told.push(error),
    fetch: async (url, init) => {
      asked.push(String(url))
      expect(new Headers(init?.headers).get("authorization")).toBe(`Bearer ${TOKEN}`)
      const { view, trigger_id } = JSON.parse(String(init?.body)) as { view: Json } & Json
      expect(checkModal(view)).toBeNull()
      expect(trigger_id).toMatch(/^\d+\.\d+\.\w+$/)
      views.push(view)
      return Response.json({ ok: true, view: { id: "V0123" } })
    },
    ...options,
  })
  const send = async (body: string, how = {}) => {
    const response = await handle(signed(body, how))
    const text = await response.text()
    const json = text === "" ? null : (JSON.parse(text) as { view?: Json } & Json)
    if (json?.view !== undefined) expect(checkModal(json.view)).toBeNull()
    return { status: response.status, text, json }
  }
  return { handle, send, views, asked, told }
}

const VALUE = JSON.stringify(["day/agent-7", 1])

const circuitOf = async ({ spendfuse }: World): Promise<string> =>
  (await spendfuse.account({ budget: "day", subject: { apiKey: "agent-7" } })).circuit

const auditOf = async (world: World) => (await world.store.audit({ limit: 100 })).items

describe("the button", () => {
  it("opens a dialog with what stands now, and its form acknowledges by the Slack user's name", async () => {
    await using world = openWorld()
    const { send, views, asked } = await open(world)
    expect(await send(press(VALUE))).toMatchObject({ status: 200, text: "" })
    expect(asked).toEqual(["https://slack.com/api/views.open"])
    const [view = {}] = views
    expect(JSON.stringify(view)).toContain("Settled: $1 of $1")
    expect(await auditOf(world)).toEqual([])
    const done = await send(sent(view, REASON))
    expect(done.json).toMatchObject({ response_action: "update" })
    expect(done.text).toContain("Acknowledged. The audit has your name and reason.")
    expect(await circuitOf(world)).toBe("closed")
    expect(await auditOf(world)).toMatchObject([
      { verb: "acknowledge", target: "day/agent-7", by: "ann (U0ANN) by Slack", why: REASON },
    ])
  })

  it("is in the messages that need a person, and its press is understood", async () => {
    await using world = openWorld()
    const { send, views } = await open(world)
    const bodies: string[] = []
    const tell = async (interactive: boolean): Promise<void> => {
      const notifier = slack({
        webhookUrl: "https://hooks.slack.com/services/T0/B0/x",
        interactive,
        fetch: async (_, init) => {
          bodies.push(String(init?.body))
          return new Response("ok")
        },
      })
      const { items } = await world.store.events({ limit: 100 })
      const latched = items.filter((event: DomainEvent) => event.kind === "circuit")
      const delivery = { channel: "slack", attempts: 0, createdAtMs: 0 }
      await notifier.deliver(latched, new AbortController().signal, delivery)
    }
    await tell(false)
    await tell(true)
    const buttonIn = (body = "{}") =>
      (JSON.parse(body) as { blocks: { elements?: Json[] }[] }).blocks
        .flatMap(({ elements = [] }) => elements)
        .find(({ action_id }) => action_id === "spendfuse_acknowledge")
    expect(buttonIn(bodies[0])).toBeUndefined()
    const { value } = buttonIn(bodies[1]) ?? {}
    await send(press(String(value)))
    await send(sent(views[0] ?? {}, REASON))
    expect(await circuitOf(world)).toBe("closed")
  })

  it("pressed or sent twice, by one or by two, counts once", async () => {
    await using world = openWorld()
    const { send, views } = await open(world)
    await send(press(VALUE))
    await send(press(VALUE, BOB))
    const [anns = {}, bobs = {}] = views
    expect((await send(sent(anns, REASON))).text).toContain("Acknowledged.")
    expect((await send(sent(anns, REASON))).text).toContain("counts once")
    expect((await send(sent(anns, "another"))).text).toContain("counts once")
    const late = (await send(sent(bobs, REASON, BOB, "V0999"))).text
    expect(late).toContain("Nothing was changed")
    expect(late).toMatch(
      /ann \(U0ANN\) by Slack acknowledged it at [\d:]{8} UTC on [\d-]{10}: the loop is/,
    )
    expect(await auditOf(world)).toHaveLength(1)
  })

  it("pressed late says so and changes nothing", async () => {
    await using world = openWorld()
    const { send, views } = await open(world)
    const account = { budget: "day", subject: { apiKey: "agent-7" } }
    await world.spendfuse.operator.acknowledge(account, { by: "<!channel>", why: "first" })
    await send(press(VALUE))
    await world.spend({ apiKey: "agent-7" }, 1)
    expect(await circuitOf(world)).toBe("latched")
    await send(press(VALUE))
    for (const view of views) {
      expect(JSON.stringify(view)).toMatch(/Nothing was changed.*&lt;!channel&gt; acknowledged it/)
      expect(view.private_metadata).toBeUndefined()
    }
    expect(views).toHaveLength(2)
    expect(await auditOf(world)).toHaveLength(1)
  })

  it("acknowledges what its dialog showed, though more was spent since", async () => {
    await using world = openWorld()
    const { send, views } = await open(world)
    const account = { budget: "hard", subject: { user: "u1" } }
    await world.spend({ apiKey: "k", user: "u1" }, 1)
    await send(press(JSON.stringify(["hard/u1", 0])))
    const more = { by: "bob", why: "an invoice", amount: 1_500_000_000 }
    await world.spendfuse.operator.adjust(account, more)
    await send(sent(views[0] ?? {}, REASON))
    const { cap } = await world.spendfuse.account(account)
    expect(cap).toBe(2_000_000_000)
  })

  it("asks again where the reason is missing", async () => {
    await using world = openWorld()
    const { send, views } = await open(world)
    await send(press(VALUE))
    for (const reason of [null, "", "  ", "x".repeat(501)])
      expect((await send(sent(views[0] ?? {}, reason))).json).toMatchObject({
        response_action: "errors",
        errors: { reason: "Write the reason, 500 characters at most." },
      })
    expect(await auditOf(world)).toEqual([])
  })

  it("is for whom the host says", async () => {
    await using world = openWorld()
    const { send, views } = await open(world, { mayAcknowledge: ({ id }) => id === "U0ANN" })
    await send(press(VALUE, BOB))
    expect(JSON.stringify(views[0])).toContain("You may not acknowledge")
    await send(press(VALUE))
    const refused = await send(sent(views[1] ?? {}, REASON, BOB))
    expect(refused.text).toContain("You may not acknowledge")
    expect(await auditOf(world)).toEqual([])
  })
})

describe("forged and replayed presses", () => {
  it("a signature is Slack's own, by the vector of its documentation", async () => {
    await using world = openWorld()
    const secret = "8f742231b10e8888abcd99yyyzzz85a5"
    const body =
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    const nowMs = () => 1_531_420_618_000
    const { handle } = await open(world, { signingSecrets: [secret], nowMs })
    const vector = (signature: string) =>
      handle(
        new Request(URL_OF_APP, {
          method: "POST",
          body,
          headers: {
            "x-slack-request-timestamp": "1531420618",
            "x-slack-signature": signature,
          },
        }),
      )
    const good = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
    expect((await vector(good)).status).toBe(400)
    expect((await vector(good.replace("a2", "a3"))).status).toBe(401)
  })

  it("nothing that is not signed, or old, is looked at", async () => {
    await using world = openWorld()
    const { handle, send, asked } = await open(world)
    const body = press(VALUE)
    const nowS = NOW_MS / 1_000
    for (const how of [
      { secret: "another-secret-of-32-characters-" },
      { atS: nowS - 301 },
      { atS: nowS + 301 },
      { sentS: nowS - 1 },
      { version: "v1" },
      { atS: Number.NaN },
    ])
      expect([how, (await send(body, how)).status]).toEqual([how, 401])
    const { headers } = signed(body)
    const altered = new Request(URL_OF_APP, { method: "POST", headers, body: `${body}&a=b` })
    expect((await handle(altered)).status).toBe(401)
    expect((await handle(new Request(URL_OF_APP, { method: "POST", body }))).status).toBe(401)
    expect((await handle(new Request(URL_OF_APP))).status).toBe(405)
    const huge = await send("x".repeat(300_000))
    expect(huge.status).toBe(413)
    expect(asked).toEqual([])
    expect(await auditOf(world)).toEqual([])
    expect((await send(body, { atS: nowS - 299 })).status).toBe(200)
  })

  it("a secret that was changed is good as long as both are given", async () => {
    await using world = openWorld()
    const next = "another-secret-of-32-characters-"
    const { send } = await open(world, { signingSecrets: [next, SECRET] })
    for (const secret of [SECRET, next])
      expect((await send(press(VALUE), { secret })).status).toBe(200)
  })

  it("what is none of our buttons and dialogs does nothing", async () => {
    await using world = openWorld()
    const { send, asked, views } = await open(world)
    const others = [
      bodyOf({
        type: "block_actions",
        user: ANN,
        trigger_id: "1.2.a",
        actions: [{ action_id: "spendfuse_link_0" }],
      }),
      bodyOf({ type: "block_actions", user: ANN, trigger_id: "1.2.a" }),
      press(VALUE).replace("spendfuse_acknowledge", "another"),
      bodyOf({ type: "shortcut", user: ANN }),
      sent({ callback_id: "another", private_metadata: VALUE }, REASON),
      bodyOf({ type: "view_submission", user: ANN, view: null }),
    ]
    for (const body of others) expect(await send(body)).toMatchObject({ status: 200, text: "" })
    expect(asked).toEqual([])
    for (const body of ["", "payload=", "payload={", bodyOf({})])
      expect((await send(body)).status).toBe(400)
    const odd = { callback_id: "spendfuse_acknowledge", private_metadata: "[1,2]" }
    expect((await send(sent(odd, REASON))).status).toBe(400)
    for (const value of [
      "",
      "x",
      "[]",
      '["day/agent-7","1"]',
      '["week/x",1]',
      '["day/agent-7",-1]',
    ])
      expect((await send(press(value))).status).toBe(200)
    for (const view of views) expect(JSON.stringify(view)).toContain("Nothing was changed")
    expect(await auditOf(world)).toEqual([])
  })
})

describe("what it tells", () => {
  it("no URL of a request is ever called, whatever it is named", async () => {
    await using world = openWorld()
    const { send, views, asked } = await open(world)
    await send(press(VALUE))
    await send(sent(views[0] ?? {}, REASON))
    expect(new Set(asked)).toEqual(new Set(["https://slack.com/api/views.open"]))
  })

  it("a failure says nothing of secrets, and Slack shows that it failed", async () => {
    await using world = openWorld()
    const failing = await open(world, {
      fetch: () => Promise.reject(new TypeError(`fetch failed: ${TOKEN}`)),
    })
    const failed = await failing.send(press(VALUE))
    expect(failed.status).toBe(500)
    const unknown = await open(world, {
      fetch: async () => Response.json({ ok: false, error: `canary ${TOKEN}` }),
    })
    expect((await unknown.send(press(VALUE))).status).toBe(500)
    const down = await open(world, {
      spendfuse: new Proxy(world.spendfuse, {
        get: (of, name) =>
          name === "account"
            ? () => Promise.reject(new StoreUnavailable("redis", new Error("canary")))
            : Reflect.get(of, name),
      }) as Spendfuse,
    })
    const without = await down.send(press(VALUE))
    expect(without.status).toBe(503)
    for (const { told } of [failing, unknown, down]) expect(told).toHaveLength(1)
    const said = [failed.text, without.text, ...[...failing.told, ...unknown.told].map(String)]
    for (const text of said) {
      expect(text).not.toContain(TOKEN)
      expect(text).not.toContain("canary")
    }
  })

  it("needs a secret and a token, and repeats neither", () => {
    const good = { spendfuse: {} as never, signingSecrets: [SECRET], token: TOKEN }
    for (const bad of [{ signingSecrets: [] }, { signingSecrets: ["canary"] }, { token: "canary" }])
      expect(() => slackActions({ ...good, ...bad })).toThrow(/^(?!.*canary)/)
  })
})

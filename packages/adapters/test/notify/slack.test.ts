import { createSpendfuse, NotifyFailed, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { describe, expect, it } from "vitest"
import { acknowledgeLinks } from "../../src/admin.ts"
import { slack } from "../../src/slack.ts"
import { circuit, refusing, signal, tier } from "./events.ts"
import { HOOK_PATH, type SlackStandIn, startSlack, TOKEN } from "./standIns/slack.ts"

const byHook = ({ url }: SlackStandIn, options = {}) =>
  slack({ webhookUrl: `${url}${HOOK_PATH}`, ...options })
const byBot = ({ url, channel }: SlackStandIn, options = {}) =>
  slack({ token: TOKEN, channel, apiUrl: `${url}/api`, ...options })

const openSpendfuse = () => {
  const slackToo = { name: "none", deliver: () => Promise.resolve() }
  return createSpendfuse({
    policy: seedPolicy({ hourlyUsd: 1, dailyUsd: 5 }),
    store: memoryStore(),
    notifiers: { slack: slackToo, pagerDuty: slackToo, oncall: slackToo },
    onNotice: () => undefined,
  })
}

const failureOf = async (delivery: Promise<void>): Promise<NotifyFailed> => {
  const error = await delivery.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof NotifyFailed) return error
  throw new Error(`not a NotifyFailed: ${String(error)}`)
}

describe("slack by webhook", () => {
  it("says in one message what happened, whose money, how much, how fast, and what to do", async () => {
    const far = await startSlack()
    await byHook(far).deliver([tier()], signal)
    expect(far.posted).toHaveLength(1)
    const [{ text, blocks } = { text: "", blocks: [] }] = far.posted
    expect(text.split("\n")[0]).toBe("🟡 agent-7 reached 80% of hour: $40 of $50")
    const words = JSON.stringify(blocks)
    for (const part of ["hour/agent-7", "$40 of $50 (80 %)", "$2 a minute", "the limit in 5 min"])
      expect(words).toContain(part)
    expect(words).toContain("Heads up")
    expect(blocks.map(({ type }) => type)).toEqual(["header", "section", "section"])
  })

  it("makes one message with a count of several events", async () => {
    const far = await startSlack()
    await byHook(far).deliver([refusing(), tier({}, 1), circuit("open", 1)], signal)
    expect(far.posted).toHaveLength(1)
    expect(far.posted[0]?.text).toContain(
      "hour stopped agent-7 until 11:20 UTC: $40 of $50 (3 events)",
    )
    expect(far.posted[0]?.text).toContain("🟠")
  })

  it("shows links as buttons, and none that is no http", async () => {
    const far = await startSlack()
    const links = ({ account }: { readonly account: string }) => [
      { text: "Runbook", href: `https://wiki.example/${encodeURIComponent(account)}` },
      { text: "Bad", href: "javascript:alert(1)" },
    ]
    await byHook(far, { links }).deliver([circuit("latched", 1)], signal)
    const actions = far.posted[0]?.blocks.at(-1) as unknown as { elements: { url: string }[] }
    expect(actions.elements.map(({ url }) => url)).toEqual(["https://wiki.example/hour%2Fagent-7"])
  })

  it("waits for links that are signed, and goes without those that fail", async () => {
    const far = await startSlack()
    const links = acknowledgeLinks({
      spendfuse: openSpendfuse(),
      secrets: ["0123456789abcdef0123456789abcdef"],
      url: "https://ops.example/acknowledge",
    }).forMessages
    await byHook(far, { links }).deliver([circuit("latched", 1)], signal)
    const actions = far.posted[0]?.blocks.at(-1) as unknown as { elements: { url: string }[] }
    expect(actions.elements[0]?.url).toMatch(/^https:\/\/ops\.example\/acknowledge\?token=./)
    const failing = () => Promise.reject(new Error("no key"))
    await byHook(far, { links: failing }).deliver([circuit("latched", 1)], signal)
    expect(far.posted[1]?.blocks.at(-1)).not.toHaveProperty("elements")
  })

  it("takes other words, and its own where those fail", async () => {
    const far = await startSlack()
    const words = () => ({
      title: "Stop",
      severity: "error" as const,
      state: "standing" as const,
      facts: [],
      note: "",
      todo: "",
      lines: [],
    })
    await byHook(far, { words }).deliver([tier()], signal)
    await byHook(far, { words: () => ({ ...words(), title: 7 }) }).deliver([tier()], signal)
    const fails = () => {
      throw new Error("no words")
    }
    await byHook(far, { words: fails }).deliver([tier()], signal)
    expect(far.posted.map(({ text }) => text.split(":")[0])).toEqual([
      "🟠 Stop",
      "🟡 agent-7 reached 80% of hour",
      "🟡 agent-7 reached 80% of hour",
    ])
  })

  it("escapes what callers chose, so that nobody is mentioned and nothing links", async () => {
    const far = await startSlack()
    const evil = "<!channel> <@U012345> <https://evil.example|ack> & @here"
    await byHook(far).deliver(
      [tier({ account: `hour/${evil}`, message: evil, label: evil }), tier({ message: evil })],
      signal,
    )
    const sent = JSON.stringify(far.posted)
    expect(sent).not.toMatch(/<[!@#h]/)
    expect(sent).toContain("&lt;!channel&gt;")
    expect(sent).toContain("&amp; @here")
  })

  it("keeps to every limit, however long the texts and however many the events", async () => {
    const far = await startSlack()
    const long = "&".repeat(5_000)
    const events = Array.from({ length: 32 }, () =>
      tier({ account: `hour/${long}`, message: long, label: long }),
    )
    await byHook(far).deliver(events, signal)
    expect(JSON.stringify(far.posted)).toContain("earlier ones are not shown")
  })

  it.each([
    [400, "invalid_payload", false, "status 400, invalid_payload"],
    [403, "action_prohibited", false, "status 403, action_prohibited"],
    [404, "no_service", false, "status 404, no_service"],
    [410, "channel_is_archived", false, "status 410, channel_is_archived"],
    [404, "what it was sent: token", false, "status 404"],
    [500, "rollup_error", true, "status 500, rollup_error"],
  ])("judges %i %s", async (status, body, retryable, detail) => {
    const far = await startSlack(() => ({ status, body }))
    const failed = await failureOf(byHook(far).deliver([tier()], signal))
    expect(failed).toMatchObject({ retryable, detail, retryAfterMs: null })
  })

  it("waits as long as Slack asks", async () => {
    const far = await startSlack(() => ({ status: 429, headers: { "retry-after": "30" } }))
    const failed = await failureOf(byHook(far).deliver([tier()], signal))
    expect(failed).toMatchObject({ retryable: true, retryAfterMs: 30_000 })
  })

  it("gives up on one that hangs", async () => {
    const far = await startSlack(() => null)
    const failed = await failureOf(byHook(far, { timeoutMs: 50 }).deliver([tier()], signal))
    expect(failed).toMatchObject({ retryable: true, detail: "no answer within 50 ms" })
  })

  it.each(["http://hooks.slack.com/x", "hooks.slack.com", "https://u:secret@hooks.slack.com/x"])(
    "refuses the URL %s without repeating it",
    (webhookUrl) => {
      expect(() => slack({ webhookUrl })).toThrow(/^`webhookUrl` must/)
      expect(() => slack({ webhookUrl })).not.toThrow(/slack\.com|secret/)
    },
  )
})

describe("slack by bot", () => {
  it("answers the alert in its thread when it is over", async () => {
    const far = await startSlack()
    const notifier = byBot(far)
    await notifier.deliver([tier({}, 1), circuit("open", 1)], signal)
    await notifier.deliver([circuit("closed", 1)], signal)
    expect(far.posted.map(({ thread_ts }) => thread_ts)).toEqual([undefined, far.posted[0]?.ts])
    expect(far.posted[1]).toMatchObject({ reply_broadcast: false })
    expect(far.posted[1]?.text).toContain("🟢 hour lets agent-7 go on")
    expect(far.calls).toEqual(["conversations.history", "chat.postMessage", "chat.postMessage"])
  })

  it("finds the thread again after a restart, and from another process", async () => {
    const far = await startSlack()
    await byBot(far).deliver([circuit("open", 1)], signal)
    await byBot(far).deliver([circuit("open", 1, "hour/agent-8")], signal)
    await byBot(far).deliver([circuit("half-open", 1)], signal)
    await byBot(far).deliver([circuit("closed", 1)], signal)
    expect(far.posted.map(({ thread_ts }) => thread_ts)).toEqual([
      undefined,
      undefined,
      far.posted[0]?.ts,
      far.posted[0]?.ts,
    ])
  })

  it("tells the channel too where an incident gets worse", async () => {
    const far = await startSlack()
    await byBot(far).deliver([tier()], signal)
    await byBot(far).deliver([tier({ level: 45_000_000_000, label: "90%" })], signal)
    expect(far.posted[1]).toMatchObject({ thread_ts: far.posted[0]?.ts, reply_broadcast: true })
  })

  it("begins anew in a new period, though no circuit moved", async () => {
    const far = await startSlack()
    await byBot(far).deliver([tier()], signal)
    const next = tier().periodStartMs + 3_600_000
    await byBot(far).deliver(
      [tier({ id: `hour/agent-7@${next}/1/0`, incident: `hour/agent-7@${next}` })],
      signal,
    )
    expect(far.posted.map(({ thread_ts }) => thread_ts)).toEqual([undefined, undefined])
  })

  it("does not tell twice what Slack took, though nobody heard it say so", async () => {
    let isLost = true
    const far = await startSlack((method, usual) => {
      const answer = usual()
      if (method !== "chat.postMessage" || !isLost) return answer
      isLost = false
      return { status: 502 }
    })
    await failureOf(byBot(far).deliver([circuit("open", 1)], signal))
    await byBot(far).deliver([circuit("open", 1)], signal)
    expect(far.posted).toHaveLength(1)
  })

  it("ends one story before it begins the next", async () => {
    const far = await startSlack()
    await byBot(far).deliver([circuit("open", 1)], signal)
    await byBot(far).deliver([circuit("closed", 1), tier()], signal)
    expect(far.posted.map(({ thread_ts }) => thread_ts)).toEqual([
      undefined,
      far.posted[0]?.ts,
      undefined,
    ])
  })

  it("tells the channel where the thread is gone", async () => {
    const far = await startSlack()
    const notifier = byBot(far)
    await notifier.deliver([circuit("open", 1)], signal)
    far.posted.splice(0)
    await notifier.deliver([circuit("closed", 1)], signal)
    expect(far.posted.map(({ thread_ts }) => thread_ts)).toEqual([undefined])
  })

  it.each([
    ["may not read", { status: 200, body: JSON.stringify({ ok: false, error: "missing_scope" }) }],
    ["is asked too often", { status: 429, headers: { "retry-after": "60" } }],
    ["gets nonsense", { status: 200, body: "<html>" }],
  ])("tells the channel where it %s the history", async (_, reply) => {
    const far = await startSlack((method, usual) =>
      method === "conversations.history" ? reply : usual(),
    )
    await byBot(far).deliver([circuit("closed", 1)], signal)
    expect(far.posted).toHaveLength(1)
  })

  it.each([
    ["invalid_auth", false],
    ["channel_not_found", false],
    ["not_in_channel", false],
    ["internal_error", true],
    ["something_new", true],
  ])("judges %s", async (error, retryable) => {
    const far = await startSlack(() => ({
      status: 200,
      body: JSON.stringify({ ok: false, error }),
    }))
    const failed = await failureOf(byBot(far).deliver([tier()], signal))
    const detail = error === "something_new" ? "slack says unknown_error" : `slack says ${error}`
    expect(failed).toMatchObject({ retryable, detail })
  })

  it("keeps names that callers chose out of the metadata", async () => {
    const far = await startSlack()
    await byBot(far).deliver([tier()], signal)
    expect(JSON.stringify(far.posted[0]?.metadata)).not.toContain("agent")
  })

  it("wants the channel's id and a token, and repeats neither", () => {
    expect(() => slack({ token: "secret", channel: "C0123456789" })).toThrow(/^`token` must/)
    expect(() => slack({ token: TOKEN, channel: "#alerts" })).toThrow(/^`channel` must/)
  })
})

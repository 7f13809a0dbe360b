import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import {
  acknowledgeLinks,
  adminApi,
  bearerTokens,
  pagerdutyWebhook,
  slackActions,
} from "@spendfuse/adapters/admin"
import { consoleNotifier } from "@spendfuse/adapters/console"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"

const ANN_TOKEN = crypto.randomUUID() + crypto.randomUUID()
const LINK_SECRET = crypto.randomUUID() + crypto.randomUUID()
const PAGERDUTY_SECRET = crypto.randomUUID()
const { SLACK_SIGNING_SECRET = "0".repeat(32), SLACK_BOT_TOKEN = "xoxb-example" } = process.env
const channel = consoleNotifier({ write: () => undefined })
const store = memoryStore()
const spendfuse = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 5, dailyUsd: 0.5 }),
  store,
  notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
})
const amounts = { usd: 1_000_000_000 }
await spendfuse.guard({ subject: { apiKey: "agent-7" }, amounts }, async () => ({
  value: null,
  amounts,
}))
// #region api
const api = adminApi({
  spendfuse,
  store,
  basePath: "/admin",
  auth: bearerTokens({
    ann: ANN_TOKEN,
    dashboard: { token: crypto.randomUUID(), may: "read" },
  }),
})
// #endregion api
// #region hook
const behindSignIn = adminApi({
  spendfuse,
  store,
  basePath: "/admin",
  auth: (request) => {
    const user = request.headers.get("x-verified-user")
    return user === null ? null : { by: user, may: "operate" }
  },
  allowOrigins: ["https://ops.example.com"],
  clientOf: (request) => request.headers.get("x-client-address") ?? "",
})
// #endregion hook
// #region links
const links = acknowledgeLinks({
  spendfuse,
  store,
  secrets: [LINK_SECRET],
  url: "https://ops.example.com/acknowledge",
})
const link = await links.linkForIncident("day/agent-7/1")
console.log(link) // => https://ops.example.com/acknowledge?token=…
// #endregion links
// #region pagerduty
const pagerduty = pagerdutyWebhook({ spendfuse, store, secrets: [PAGERDUTY_SECRET] })
// #endregion pagerduty
// #region slack
const slackButton = slackActions({
  spendfuse,
  store,
  signingSecrets: [SLACK_SIGNING_SECRET],
  token: SLACK_BOT_TOKEN,
  mayAcknowledge: ({ team }) => team === "T0123ABCD",
})
// #endregion slack
// #region mount
const handlerOf = (path: string) =>
  path.startsWith("/admin/")
    ? api
    : path === "/acknowledge"
      ? links.handle
      : path === "/pagerduty"
        ? pagerduty
        : path === "/slack"
          ? slackButton
          : async () => new Response(null, { status: 404 })

const server = createServer(async (incoming, outgoing) => {
  const { method = "GET", url = "/" } = incoming
  const { pathname, href } = new URL(url, "http://127.0.0.1")
  const body = method === "GET" || method === "HEAD" ? null : incoming
  const headers = Object.entries(incoming.headersDistinct).flatMap(([name, values = []]) =>
    values.map((value) => [name, value] as [string, string]),
  )
  const request = new Request(href, { method, headers, body, duplex: "half" } as RequestInit)
  const response = await handlerOf(pathname)(request)
  outgoing.writeHead(response.status, Object.fromEntries(response.headers))
  outgoing.end(await response.text())
})
server.listen(Number(process.env.ADMIN_PORT ?? 0), "127.0.0.1")
// #endregion mount
await once(server, "listening")
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
// #region call
const authorization = `Bearer ${ANN_TOKEN}`
const latched = await fetch(`${url}/admin/accounts?circuit=latched`, { headers: { authorization } })
const { items } = (await latched.json()) as {
  items: { key: string; settled: string; cap: string }[]
}
console.log(items[0]?.key, items[0]?.settled, items[0]?.cap) // => day/agent-7 1000000000 1000000000
const done = await fetch(`${url}/admin/acknowledge`, {
  method: "POST",
  headers: { authorization, "content-type": "application/json" },
  body: JSON.stringify({
    account: "day/agent-7",
    why: "the loop is stopped",
    allow: "100000000",
    id: "incident-42",
  }),
})
console.log(done.status, await done.text()) // => 200 {"kind":"acknowledged"}
// #endregion call
// #region refused
const nobody = await fetch(`${url}/admin/accounts`)
console.log(nobody.status, nobody.headers.get("www-authenticate")) // => 401 Bearer realm="spendfuse"
const forged = await fetch(`${url}/admin/trip`, {
  method: "POST",
  headers: { authorization, "content-type": "application/json" },
  body: JSON.stringify({
    account: "day/agent-7",
    coolDownMs: 60_000,
    by: "bob",
    why: "odd prompts",
  }),
})
console.log(forged.status) // => 403
// #endregion refused
await behindSignIn(new Request("https://ops.example.com/admin/health"))
server.close()
await spendfuse.close()

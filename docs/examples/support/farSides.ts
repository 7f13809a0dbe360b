// Stands in for Slack, PagerDuty and a receiver of webhooks.
process.env.SLACK_WEBHOOK_URL = "https://hooks.slack.com/services/T0/B0/not-a-secret"
process.env.SLACK_BOT_TOKEN = "xoxb-not-a-token"
process.env.PAGERDUTY_ROUTING_KEY = "aNotAKeyOfPagerDutyNotAKeyOfPage"
process.env.ONCALL_ROUTING_KEY = "bNotAKeyOfPagerDutyNotAKeyOfPage"
process.env.ALERTS_SECRET = `whsec_${btoa("not a secret, but long enough")}`

interface Told {
  readonly text?: string
  readonly thread_ts?: string
  readonly event_action?: string
  readonly dedup_key?: string
  readonly payload?: { readonly severity: string; readonly summary: string }
  readonly type?: string
}

const lines: string[] = []

/** Prints what each of them was told since the last time, one after the other. */
export const printTold = (): void => {
  const sideOf = (line: string): string => line.slice(0, line.indexOf(":"))
  for (const line of lines.splice(0).sort((a, b) => sideOf(a).localeCompare(sideOf(b))))
    console.log(line)
}

const posted: { readonly ts: string; readonly metadata?: unknown }[] = []

globalThis.fetch = async (input, init) => {
  const url = new URL(input instanceof Request ? input.url : String(input))
  if (url.pathname === "/api/conversations.history")
    return Response.json({ ok: true, messages: posted.toReversed() })
  const told = JSON.parse(String(init?.body)) as Told
  if (url.pathname === "/v2/enqueue") {
    const { event_action: action, dedup_key: key, payload } = told
    const words = payload === undefined ? "" : ` (${payload.severity}): ${payload.summary}`
    lines.push(`PagerDuty: ${action} ${key}${words}`)
    return Response.json({ status: "success" }, { status: 202 })
  }
  if (url.hostname === "alerts.example") {
    lines.push(
      `receiver: ${told.type}, ${new Headers(init?.headers).get("webhook-signature")?.slice(0, 3)}`,
    )
    return new Response(null, { status: 204 })
  }
  const ts = `1768472400.${String(posted.length).padStart(6, "0")}`
  posted.push({ ...told, ts })
  const where = told.thread_ts === undefined ? "" : " (in its thread)"
  lines.push(`Slack${where}: ${told.text?.split("\n")[0]}`)
  return url.hostname === "hooks.slack.com" ? new Response("ok") : Response.json({ ok: true, ts })
}

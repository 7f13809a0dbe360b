import {
  createSpendfuse,
  eventName,
  type Notifier,
  NotifyFailed,
  seedPolicy,
} from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"

// #region notifier
/** Posts one message per delivery to a chat's webhook. */
export const chatNotifier = (webhook: string, send: typeof fetch = fetch): Notifier => ({
  name: "chat",
  deliver: async (events, signal) => {
    const text = events.map((event) => eventName(event)).join("\n")
    const response = await send(webhook, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ text }),
      signal,
    })
    if (response.ok) return
    const seconds = Number(response.headers.get("retry-after"))
    throw new NotifyFailed("chat", {
      retryable: response.status === 429 || response.status >= 500,
      ...(seconds > 0 && { retryAfterMs: seconds * 1_000 }),
    })
  },
})
// #endregion notifier
const said: string[] = []
const pretend: typeof fetch = async (_, init) => {
  said.push(String(init?.body))
  return new Response(null, { status: 204 })
}
const chat = chatNotifier("https://chat.example/hook", pretend)
// #region use
const spendfuse = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 1, dailyUsd: 5 }),
  store: memoryStore(),
  notifiers: { slack: chat, pagerDuty: chat, oncall: chat },
})
await spendfuse.guard(
  { subject: { apiKey: "agent-7" }, amounts: { usd: 850_000_000 } },
  async () => ({ value: null, amounts: { usd: 850_000_000 } }),
)
await spendfuse.flush()
// #endregion use
console.log(said.join("\n")) // => {"text":"tier hour 80%"}
await spendfuse.close()

import { defineNotifier, messageOf } from "@spendfuse/adapters/notifier"
import { createSpendfuse, type Notifier, seedPolicy } from "@spendfuse/core"
import { notifierLaws } from "@spendfuse/core/testing"
import { memoryStore } from "@spendfuse/store-memory"

// #region notifier
/** Posts one message per delivery to a chat's webhook, which is a secret. */
export const chatNotifier = (url: string, fetch?: typeof globalThis.fetch): Notifier =>
  defineNotifier({
    name: "chat",
    ...(fetch && { fetch }),
    deliver: async (events, post) => {
      const { title, todo } = messageOf(events)
      await post({
        url,
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ text: `${title}\n${todo}` }),
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
console.log(JSON.parse(said[0] ?? "").text.split("\n")[0]) // => agent-7 reached 80% of hour: $0.85 of $1
await spendfuse.close()
// #region laws
const secret = "what-nobody-may-read"
const laws = notifierLaws({
  open: ({ fetch }) => chatNotifier(`https://chat.example/${secret}`, fetch),
  secrets: [secret],
})
for (const { name, run } of laws) {
  await run()
  console.log(name)
}
// #endregion laws
// => N1: an event of every kind is delivered
//    N2: what fails is retryable or final, as the far side means it
//    N3: a retry comes no sooner than the far side asks
//    N4: it stops when it is told, whatever the far side does
//    N5: no secret leaves it by an error, its name or the console
//    N6: the same events again are the same message
//    N7: many events of one incident take no more requests than one
//    N8: whatever an event holds is delivered, to the same place
//    N9: no redirect is followed
//    N10: what is late, or was tried before, is delivered to the same place

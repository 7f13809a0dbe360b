import { amountText } from "@spendfuse/core"
import { openSpendfuse } from "./support/spendfuse.ts"

const spendfuse = openSpendfuse()
const subject = { apiKey: "agent-7" }
const spend = (usd: number) =>
  spendfuse.guard({ subject, amounts: { usd } }, async () => ({ value: null, amounts: { usd } }))
// #region look
await spend(1_000_000_000)
const hour = await spendfuse.account({ budget: "hour", subject })
console.log(
  hour.circuit,
  amountText(hour.settled, hour.unit),
  amountText(hour.remaining, hour.unit),
) // => open $1 $0
// #endregion look
// #region acknowledge
const outcome = await spendfuse.operator.acknowledge(
  { budget: "hour", subject },
  { by: "ann", why: "the loop is stopped, the batch must end", allow: 500_000_000 },
)
console.log(outcome.kind) // => acknowledged
const after = await spendfuse.account({ budget: "hour", subject })
console.log(after.circuit, amountText(after.remaining, after.unit)) // => closed $0.50
// #endregion acknowledge
// #region trip
await spendfuse.operator.trip(
  { budget: "hour", subject },
  { by: "ann", why: "odd prompts", coolDownMs: 15 * 60_000 },
)
console.log((await spend(1)).allowed) // => false
// #endregion trip
// #region switch
await spendfuse.operator.switch(
  { dimension: "platform", value: "all" },
  { by: "ann", why: "incident 42", state: "off" },
)
await spendfuse.operator.switch(
  { dimension: "platform", value: "all" },
  { by: "ann", why: "incident 42 is over", state: "on" },
)
// #endregion switch
// #region adjust
await spendfuse.operator.adjust(
  { budget: "hour", subject },
  { by: "ann", why: "refund of the provider", amount: -250_000_000, id: "refund-2026-01" },
)
const refunded = await spendfuse.account({ budget: "hour", subject })
console.log(amountText(refunded.settled, refunded.unit)) // => $0.75
// #endregion adjust
await spendfuse.close()

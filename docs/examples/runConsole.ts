import { adminApi, bearerTokens } from "@spendfuse/adapters/admin"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"

const ANN_TOKEN = crypto.randomUUID() + crypto.randomUUID()
const channel = { name: "none", deliver: async () => undefined }
const store = memoryStore()
const spendfuse = createSpendfuse({
  policy: seedPolicy({ hourlyUsd: 5, dailyUsd: 50 }),
  store,
  notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
})
// #region api
const api = adminApi({
  spendfuse,
  store,
  basePath: "/admin",
  auth: bearerTokens({ ann: ANN_TOKEN }),
  console: true,
})
// #endregion api
const page = await api(new Request("https://ops.example.com/admin/console"))
console.log(page.status, page.headers.get("content-type")) // => 200 text/html; charset=utf-8
const data = await api(new Request("https://ops.example.com/admin/accounts"))
console.log(data.status) // => 401
await spendfuse.close()

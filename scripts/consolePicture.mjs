// Writes docs/pictures/console.png: the console in the browser of its tests, over a fuse that has seen some spending.
// Run it as `node --conditions=@spendfuse/source scripts/consolePicture.mjs`.
import { join } from "node:path"
import { adminApi, bearerTokens } from "@spendfuse/adapters/admin"
import { createSpendfuse, seedPolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { openBrowser } from "../packages/adapters/test/admin/console/browser.ts"
import { serve } from "../packages/adapters/test/admin/console/served.ts"
import { root } from "./workspace.mjs"

const START_MS = Date.UTC(2026, 2, 10, 9, 14)
const LOOKS = 24
const STEP_MS = 1_000
/** What each spends between two looks of the page, in dollars. */
const SPENDERS = {
  "agent-7": (look) => (look < 12 ? 1 : look < 22 ? 3.8 : 0),
  "agent-12": (look) => (look % 6 < 3 ? 3.2 : 0.2),
  "nightly-report": () => 0.9,
  "support-bot": (look) => (look > 16 ? 1.6 : 0.3),
}

const token = crypto.randomUUID()
let nowMs = START_MS
const clock = { nowMs: () => nowMs }
const store = memoryStore(clock)
const channel = { name: "none", deliver: async () => undefined }
const spendfuse = createSpendfuse({
  ...clock,
  policy: seedPolicy({ hourlyUsd: 50, dailyUsd: 300 }),
  store,
  notifiers: { slack: channel, pagerDuty: channel, oncall: channel },
  onNotice: () => undefined,
})
const auth = bearerTokens({ ann: token })
await using served = await serve(
  adminApi({ spendfuse, store, auth, basePath: "/admin", console: true }),
)
const browser = await openBrowser()
const page = await browser.newPage({ viewport: { width: 1040, height: 660 }, timezoneId: "UTC" })
await page.clock.install({ time: START_MS })
await page.goto(`${served.origin}/admin/console`)
await page.getByLabel("Your token").fill(token)
await page.keyboard.press("Enter")
await page.getByText("Live", { exact: true }).waitFor()
for (let look = 0; look < LOOKS; look += 1) {
  for (const [apiKey, usdAt] of Object.entries(SPENDERS)) {
    const amounts = { usd: Math.round(usdAt(look) * 1e9) }
    if (amounts.usd === 0) continue
    const call = async () => ({ value: null, amounts })
    await spendfuse.guard({ subject: { apiKey }, amounts }, call)
  }
  await looked()
}
await page.screenshot({ path: join(root, "docs", "pictures", "console.png") })
await browser.close()
await spendfuse.close()

/** Moves the page's time until it has looked: its next look is set once the last one was answered. */
async function looked() {
  let isAnswered = false
  const answer = page
    .waitForResponse((response) => response.url().includes("dead-letters"))
    .then(() => {
      isAnswered = true
    })
  while (!isAnswered) {
    await page.clock.runFor(STEP_MS)
    nowMs += STEP_MS
  }
  await answer
}

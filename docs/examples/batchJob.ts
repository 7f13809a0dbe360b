import { definePolicy, formatUsd } from "@spendfuse/core"
import { openSpendfuse } from "./support/spendfuse.ts"

// #region policy
/** A job may spend two dollars in all, and run no more than 600 calls an hour. */
const policy = definePolicy({
  budgets: [
    {
      id: "job",
      per: ["job"],
      limit: { usd: 2 },
      window: { lifetime: { idle: "30d" } },
      tiers: [
        { at: "90%", notify: ["slack"] },
        { at: "100%", block: true, notify: ["slack"] },
      ],
    },
    {
      id: "job-calls",
      per: ["job"],
      limit: { requests: 600 },
      window: { sliding: "1h" },
      tiers: [{ at: "100%", block: true, notify: ["slack"] }],
    },
  ],
  unknownModel: "refuse",
  onStoreUnavailable: "deny",
  maxOutputTokens: 4_000,
})
// #endregion policy
const spendfuse = openSpendfuse(policy)
const classify = async (_document: string, most: number) => ({
  label: "invoice",
  tokensIn: 4_000,
  tokensOut: Math.min(most, 900),
})
// #region job
const subject = { job: "invoices-2026-11" }
const documents = Array.from({ length: 200 }, (_, at) => `document ${at}`)
const labels = new Map<string, string>()
let stoppedBy: string | null = null

const worker = async (): Promise<void> => {
  for (let next = documents.shift(); next !== undefined; next = documents.shift()) {
    const document = next
    const answer = await spendfuse.guard(
      {
        subject,
        provider: "openai",
        model: "gpt-5",
        inputTokens: 8_000,
        maxOutputTokens: 1_000,
        // Half an answer is of no use: rather none.
        minOutputTokens: 1_000,
        // Where other workers hold the rest of the budget, wait for what they give back.
        waitMs: 60_000,
      },
      async ({ maxOutputTokens }) => {
        const { label, tokensIn, tokensOut } = await classify(document, maxOutputTokens ?? 0)
        return { value: label, usage: { inputTokens: tokensIn, outputTokens: tokensOut } }
      },
    )
    if (answer.allowed) labels.set(document, answer.value)
    else {
      stoppedBy = answer.reason
      documents.unshift(document)
      return
    }
  }
}
await Promise.all(Array.from({ length: 8 }, worker))

const [spent] = await spendfuse.remaining(subject)
console.log(`${labels.size} done, ${documents.length} left: ${stoppedBy}`)
console.log(`spent ${formatUsd(spent?.settled ?? 0)} of 2`)
// => 142 done, 58 left: exhausted
//    spent 1.988 of 2
// #endregion job
await spendfuse.close()

import Anthropic from "@anthropic-ai/sdk"
import OpenAI from "openai"

/** A pipeline that calls both providers through their official SDKs, and calls again whatever happens. */
export interface Agent {
  /** Makes that many pairs of calls at once; errors are what a loop makes of them: the next turn. */
  readonly turn: (pairs: number) => Promise<void>
  readonly refused: number
}

/** Nobody listens there: what the SDKs are given to fetch with answers by itself. */
const NOWHERE = "http://127.0.0.1:1"

/** The prompt that the loop sends again and again; its bytes bound the 4,000 tokens that the provider counts. */
const PROMPT = "Fix the failing step and call yourself until it passes. ".repeat(80)

export const agent = (fetcher: typeof fetch): Agent => {
  const openai = new OpenAI({ apiKey: "demo", baseURL: `${NOWHERE}/v1`, fetch: fetcher })
  const anthropic = new Anthropic({ apiKey: "demo", baseURL: NOWHERE, fetch: fetcher })
  let refused = 0
  const attempt = async (call: Promise<unknown>): Promise<void> => {
    try {
      await call
    } catch {
      refused += 1
    }
  }
  const messages = [{ role: "user" as const, content: PROMPT }]
  const both = () => [
    attempt(
      openai.chat.completions.create({
        model: "gpt-5-pro",
        messages,
        max_completion_tokens: 80_000,
      }),
    ),
    attempt(
      anthropic.messages.create(
        { model: "claude-opus-5", messages, max_tokens: 40_000 },
        { timeout: 600_000 },
      ),
    ),
  ]
  return {
    turn: async (pairs) => {
      await Promise.all(Array.from({ length: pairs }, both).flat())
    },
    get refused() {
      return refused
    },
  }
}

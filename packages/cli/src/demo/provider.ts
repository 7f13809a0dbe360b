/** What a stand-in answers: tokens of input that it reports, and of output that it would write if it may. */
export interface StandInOptions {
  readonly openai: { readonly inputTokens: number; readonly outputTokens: number }
  readonly anthropic: { readonly inputTokens: number; readonly outputTokens: number }
  /** Milliseconds until it answers; at once where it is 0. */
  readonly delayMs?: number
  /** Told what each answered call used. */
  readonly onAnswer?: (answered: Answered) => void
}

export interface Answered {
  readonly provider: "openai" | "anthropic"
  readonly inputTokens: number
  readonly outputTokens: number
}

/**
 * Stands in for the providers: a `fetch` that answers chat completions and messages with a usage, and
 * writes no more than the request's output limit allows. In virtual time it is called as it is, without a
 * network, since sockets know only real time; the burst puts it behind a server on this machine.
 */
export const standIn =
  (options: StandInOptions): typeof fetch =>
  async (input, init) => {
    const body = JSON.parse(String(init?.body)) as Readonly<Record<string, unknown>>
    const isAnthropic = String(input instanceof Request ? input.url : input).endsWith("/messages")
    const provider = isAnthropic ? "anthropic" : "openai"
    const { inputTokens, outputTokens: wanted } = options[provider]
    const limit = Number(body[isAnthropic ? "max_tokens" : "max_completion_tokens"] ?? wanted)
    const outputTokens = Math.min(wanted, limit)
    const { delayMs = 0 } = options
    await (delayMs === 0
      ? Promise.resolve()
      : new Promise((resolve) => setTimeout(resolve, delayMs)))
    options.onAnswer?.({ provider, inputTokens, outputTokens })
    const model = String(body.model)
    return Response.json(
      isAnthropic
        ? anthropicBody(model, inputTokens, outputTokens)
        : openaiBody(model, inputTokens, outputTokens),
    )
  }

const openaiBody = (model: string, prompt_tokens: number, completion_tokens: number) => ({
  id: "chatcmpl-demo",
  object: "chat.completion",
  created: 0,
  model,
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "Let me try again." },
      finish_reason: "stop",
    },
  ],
  usage: { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens },
})

const anthropicBody = (model: string, input_tokens: number, output_tokens: number) => ({
  id: "msg_demo",
  type: "message",
  role: "assistant",
  model,
  content: [{ type: "text", text: "Let me try again." }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage: { input_tokens, output_tokens },
})

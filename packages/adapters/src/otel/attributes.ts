import type { Attributes } from "@opentelemetry/api"
import {
  type Admitted,
  type Decision,
  inputTokensOf,
  outputTokensOf,
  type Settlement,
} from "@spendfuse/core"

/** Of a request, by the names of the GenAI conventions. */
export const requestAttributes = ({
  model,
  provider,
}: {
  readonly model?: string | undefined
  readonly provider?: string | undefined
}): Attributes => ({
  ...(model !== undefined && { "gen_ai.request.model": model }),
  ...(provider !== undefined && { "gen_ai.provider.name": PROVIDERS[provider] ?? provider }),
})

/** Of a decision: what of it has few values. */
export const decisionAttributes = (decision: Decision): Attributes =>
  decision.allowed
    ? {
        ...requestAttributes(decision),
        "spendfuse.outcome": "admitted",
        ...(decision.via !== null && { "spendfuse.via": decision.via }),
        "spendfuse.without_store": decision.withoutStore,
      }
    : {
        ...requestAttributes(decision.request),
        "spendfuse.outcome": "refused",
        "spendfuse.reason": decision.reason,
        ...budgetAttribute(decision.obstacles),
        ...(decision.fallback !== null && { "spendfuse.via": decision.fallback.name }),
        "spendfuse.without_store": decision.withoutStore,
      }

/** Of a span: the amounts beside what has few values. */
export const spanAttributes = (decision: Decision, ids: boolean): Attributes => ({
  ...decisionAttributes(decision),
  ...(decision.allowed && {
    "spendfuse.held_usd": decision.held.usd / NANO,
    ...(decision.maxOutputTokens !== null && {
      "gen_ai.request.max_tokens": decision.maxOutputTokens,
    }),
  }),
  ...(!decision.allowed &&
    decision.retryAfterMs !== null && { "spendfuse.retry_after_ms": decision.retryAfterMs }),
  ...(ids && subjectAttributes(decision.request)),
  ...(ids && decision.allowed && { "spendfuse.reservation": decision.reservation }),
})

/** Of what a call used. */
export const usageAttributes = ({ usage, model }: Settlement): Attributes => ({
  ...(model !== undefined && { "gen_ai.response.model": model }),
  ...(usage !== undefined && {
    "gen_ai.usage.input_tokens": inputTokensOf(usage),
    "gen_ai.usage.output_tokens": outputTokensOf(usage),
  }),
})

/** Nano-USD of one USD. */
export const NANO = 1_000_000_000

/** Names of providers that the GenAI conventions write in another way. */
const PROVIDERS: Readonly<Record<string, string>> = {
  aws: "aws.bedrock",
  azure: "azure.ai.openai",
  google: "gcp.gemini",
  mistral: "mistral_ai",
  "x-ai": "x_ai",
}

const budgetAttribute = (
  obstacles: Extract<Decision, { allowed: false }>["obstacles"],
): Attributes => {
  const line = obstacles.find((obstacle) => obstacle.kind === "line")
  return line === undefined
    ? {}
    : { "spendfuse.budget": line.account.slice(0, line.account.indexOf("/")) }
}

const subjectAttributes = ({ subject }: Admitted["request"]): Attributes =>
  Object.fromEntries(
    Object.entries(subject).map(([dimension, value]) => [`spendfuse.subject.${dimension}`, value]),
  )

import { type Span, SpanStatusCode, type Tracer } from "@opentelemetry/api"
import { type Decision, RequestFailed, type Spendfuse, wrapSpendfuse } from "@spendfuse/core"
import { decisionAttributes, requestAttributes, spanAttributes } from "./attributes.ts"
import type { Instruments } from "./instruments.ts"
import { ObservedCall } from "./observedCall.ts"

/** What a Spendfuse is observed with. */
export interface ObservedBy {
  readonly instruments: Instruments
  readonly tracer: Tracer
  readonly ids: boolean
  readonly monotonicMs: () => number
}

/** The same Spendfuse: each decision has a span and is measured, and so is what its calls do. */
export const observed = (spendfuse: Spendfuse, by: ObservedBy): Spendfuse =>
  wrapSpendfuse(spendfuse, {
    reserve: (request) =>
      by.tracer.startActiveSpan("spendfuse.reserve", (span) =>
        decide(spendfuse, request, by, span),
      ),
    reserveWithin: (held, request) => {
      const decision = spendfuse.reserveWithin(held, request)
      by.instruments.decisions.add(1, decisionAttributes(decision))
      return decision
    },
  })

const decide = async (
  spendfuse: Spendfuse,
  request: Parameters<Spendfuse["reserve"]>[0],
  { instruments, ids, monotonicMs, tracer }: ObservedBy,
  span: Span,
): Promise<Decision> => {
  const { decisions, decisionDuration } = instruments
  const startMs = monotonicMs()
  try {
    const decision = await spendfuse.reserve(request)
    span.setAttributes(spanAttributes(decision, ids))
    const attributes = decisionAttributes(decision)
    decisions.add(1, attributes)
    decisionDuration.record((monotonicMs() - startMs) / 1_000, attributes)
    return decision.allowed ? new ObservedCall(decision, { instruments, tracer }) : decision
  } catch (error) {
    const type = error instanceof RequestFailed ? error.error : errorName(error)
    span.setStatus({ code: SpanStatusCode.ERROR })
    span.setAttribute("error.type", type)
    decisions.add(1, {
      ...requestAttributes(isRequest(request) ? request : {}),
      "spendfuse.outcome": "failed",
      "error.type": type,
    })
    throw error
  } finally {
    span.end()
  }
}

const isRequest = (value: unknown): boolean => typeof value === "object" && value !== null

const errorName = (error: unknown): string => (error instanceof Error ? error.name : "_OTHER")

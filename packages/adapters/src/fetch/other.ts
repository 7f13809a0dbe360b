import type { Decision, Subject } from "@spendfuse/core"
import type { Context } from "./asked.ts"
import { howOf, notDecided, sent } from "./forward.ts"
import { type Incoming, requestOf } from "./incoming.ts"
import { faultResponse, refusalResponse } from "./respond.ts"
import { passOn } from "./send.ts"

/** A call whose cost cannot be read: as the host has it, by default an error. */
export const otherwise = async (
  context: Context,
  incoming: Incoming,
  subject: () => Promise<Subject> | Subject,
): Promise<Response> => {
  const { otherRoutes = "refuse", fetch: upstream, statusOf } = context.options
  if (otherRoutes === "pass") return passOn(upstream, incoming)
  const amounts = otherRoutes === "refuse" ? null : otherRoutes(requestOf(incoming, null))
  if (amounts === null)
    return faultResponse(
      null,
      "unknown-route",
      `what ${incoming.method} ${nameOf(incoming.href)} costs cannot be read; tell it with \`otherRoutes\`, or let such calls through uncounted with \`otherRoutes: "pass"\``,
    )
  const request = { ...howOf(context, incoming), subject: await subject(), amounts }
  let decision: Decision
  try {
    decision = await context.spendfuse.reserve(request)
  } catch (error) {
    return notDecided(context, incoming, null, error)
  }
  if (!decision.allowed) {
    const message = context.spendfuse.explain(decision)
    return refusalResponse(null, decision, message, statusOf?.(decision))
  }
  return sent(
    context,
    incoming,
    decision,
    () => passOn(upstream, incoming),
    (response, open) => {
      void open.settle(() => (response.ok ? { amounts } : null))
      return response
    },
  )
}

/** A known route's name; any other path may hold a secret. */
const nameOf = (href: string): string => {
  const { pathname } = new URL(href)
  const known = NAMED.find((name) => pathname.endsWith(name))
  return known === undefined ? "to this path" : `…${known}`
}

const NAMED = [
  "/audio/speech",
  "/audio/transcriptions",
  "/audio/translations",
  "/images/generations",
  "/images/edits",
  "/images/variations",
  "/messages/batches",
  "/batches",
  "/completions",
  "/complete",
  "/videos",
  "/fine_tuning/jobs",
  "/vector_stores",
  "/threads/runs",
  "/realtime/client_secrets",
]

import type { AccountOf, Operated, Remaining, Spendfuse, Store } from "@spendfuse/core"
import { RequestFailed, StoreUnavailable } from "@spendfuse/core"
import { type Macs, macsOf } from "../http/mac.ts"
import { digestOf } from "../notify/digest.ts"
import { secretUrl } from "../notify/secretUrl.ts"
import type { Links } from "../notify/words/message.ts"
import { accountOf } from "./accounts.ts"
import { problemAnswer } from "./answer.ts"
import { bodyOf, textOf } from "./body.ts"
import { lastSaid } from "./lastSaid.ts"
import { askPage, type Filled, NAME_MAX, REASON_MAX, sayPage } from "./linkPage.ts"
import { type ReadToken, readToken, TOKEN_MAX, tokenFor } from "./linkToken.ts"
import { isSameOrigin } from "./origin.ts"

/** How links are made, and where they lead. */
export interface AcknowledgeLinksOptions {
  readonly spendfuse: Spendfuse
  /** The store that `createSpendfuse` has: whoever comes late reads who was faster, and why. */
  readonly store?: Store
  /** 32 characters or more each. The first one signs, each of them is good: put the new one first, later drop the old. */
  readonly secrets: readonly string[]
  /** The page as people reach it, `https://ops.example.com/acknowledge`; the host hands its requests to `handle`. */
  readonly url: string
  /** How long a link is good, milliseconds; 12 hours unless given, at most 24. */
  readonly validForMs?: number
  readonly nowMs?: () => number
}

/** Links that let whoever holds one acknowledge one opening of one account, once. */
export interface AcknowledgeLinks {
  /**
   * A link for one opening: `generation` is what the incident ends in.
   *
   * @returns null where the account's key is too long for a URL
   */
  readonly linkFor: (account: string, generation: number) => Promise<string | null>
  /** The same for an `incident`, `account/generation`; null also where it is none. */
  readonly linkForIncident: (incident: string) => Promise<string | null>
  /**
   * The option `links` of the notifiers: messages of what a person must look at get a link to acknowledge it.
   *
   * @example slack({ webhookUrl, links: links.forMessages })
   */
  readonly forMessages: Links
  /** Answers GET with a page that changes nothing, and POST of its form by acknowledging. Never rejects. */
  readonly handle: (request: Request) => Promise<Response>
}

const DAY_MS = 86_400_000
const BODY_MAX = 16_384

/**
 * Signed links to a page that asks for a name and a reason. A link scanner may follow them: only the form
 * changes anything. A link acts once; a second use, a late one and one of an earlier opening are harmless, and
 * the page says so.
 *
 * @throws TypeError where a secret, the URL or the time cannot be used; the error repeats no secret
 */
export const acknowledgeLinks = (options: AcknowledgeLinksOptions): AcknowledgeLinks => {
  const { validForMs = DAY_MS / 2, nowMs = Date.now } = options
  // The store remembers a command for a day after it: a link that lived longer could act twice.
  if (!Number.isSafeInteger(validForMs) || validForMs < 1 || validForMs > DAY_MS)
    throw new TypeError(`\`validForMs\` must be 1 to ${DAY_MS} milliseconds`)
  const url = new URL(secretUrl(options.url, "url"))
  if (url.search !== "" || url.hash !== "")
    throw new TypeError("`url` must end with its path; the link adds what it needs")
  const serving: Serving = { ...options, url, nowMs, macs: macsOf(options.secrets) }
  const linkFor = async (account: string, generation: number): Promise<string | null> => {
    const token = await tokenFor(serving.macs, {
      account,
      generation,
      expiresAtMs: nowMs() + validForMs,
    })
    return token.length > TOKEN_MAX ? null : `${url.href}?token=${token}`
  }
  const linkForIncident = async (incident: string): Promise<string | null> => {
    const [, account, generation] = /^([\s\S]+)\/(\d{1,15})$/.exec(incident) ?? []
    return account === undefined ? null : linkFor(account, Number(generation))
  }
  return {
    linkFor,
    linkForIncident,
    forMessages: async ({ account, generation, severity }) => {
      const isForAPerson = severity === "critical" || severity === "error"
      const href = isForAPerson ? await linkFor(account, generation) : null
      return href === null ? [] : [{ text: "Acknowledge", href }]
    },
    handle: (request) => answered(serving, request).catch(failure),
  }
}

interface Serving extends Omit<AcknowledgeLinksOptions, "url"> {
  readonly url: URL
  readonly nowMs: () => number
  readonly macs: Macs
}

const answered = async (serving: Serving, request: Request): Promise<Response> => {
  switch (request.method) {
    case "GET":
      return shownPage(serving, tokenOf(new URL(request.url).searchParams), NOTHING_FILLED)
    case "HEAD":
      return new Response(
        null,
        await shownPage(serving, tokenOf(new URL(request.url).searchParams), NOTHING_FILLED),
      )
    case "POST":
      return posted(serving, request)
    default:
      return problemAnswer(405, "this takes GET, HEAD, POST", {}, { allow: "GET, HEAD, POST" })
  }
}

const NOTHING_FILLED: Filled = { name: "", reason: "" }

/** One token: two of them are none. */
const tokenOf = (fields: URLSearchParams): string => {
  const [token, ...more] = fields.getAll("token")
  return more.length === 0 ? (token ?? "") : ""
}

/** A good link, with its account; or the page that says why there is none. */
const opened = async (
  { spendfuse, macs, nowMs }: Serving,
  token: string,
): Promise<{ readonly link: GoodLink; readonly account: AccountOf } | Response> => {
  const link = await readToken(macs, token, nowMs())
  if (link.kind === "forged")
    return sayPage(
      "This link is not good",
      "It is not one of ours, or a part of it is missing. Open it again from the message.",
      { status: 403 },
    )
  if (link.kind === "expired")
    return sayPage(
      "This link is over",
      "Nothing was changed. Use the newest message, or the command line.",
      { status: 410 },
    )
  const account = accountOf(spendfuse, link.account)
  if (account !== undefined) return { link: { ...link, kind: "good" }, account }
  return sayPage(
    "Nothing to acknowledge",
    "The policy has no such budget any more. Nothing was changed.",
    { status: 410 },
  )
}

type GoodLink = Extract<ReadToken, { readonly content: string }>

const shownPage = async (
  serving: Serving,
  token: string,
  filled: Filled,
  problem: string | null = null,
): Promise<Response> => {
  const found = await opened(serving, token)
  if (found instanceof Response) return found
  const account = await serving.spendfuse.account(found.account)
  if (account.generation > found.link.generation) return laterPage(serving, account)
  if (account.circuit === "closed" && account.level === 0) return nothingPage(serving, account)
  return askPage({ account, token, action: serving.url.pathname, filled, problem })
}

const laterPage = async ({ store }: Serving, account: Remaining): Promise<Response> =>
  sayPage(
    "This link is of an earlier opening",
    "It has opened again since. Nothing was changed. Use the newest message.",
    { account, status: 409, last: await lastSaid(store, account.account) },
  )

const nothingPage = async ({ store }: Serving, account: Remaining): Promise<Response> =>
  sayPage(
    "Nothing to acknowledge",
    "Somebody has acknowledged it, or it is over. Nothing was changed.",
    { account, last: await lastSaid(store, account.account) },
  )

const FORM_TYPE = /^application\/x-www-form-urlencoded(\s*;\s*charset="?utf-8"?)?\s*$/i

const posted = async (serving: Serving, request: Request): Promise<Response> => {
  const allowed = { allowOrigins: [serving.url.origin], allowNull: true }
  if (!isSameOrigin(request, allowed))
    return sayPage("Not from here", "The form was sent from another site. Nothing was changed.", {
      status: 403,
    })
  if (!FORM_TYPE.test(request.headers.get("content-type") ?? ""))
    return sayPage("Not this form", "Send the form of the page. Nothing was changed.", {
      status: 415,
    })
  const body = await bodyOf(request, BODY_MAX)
  if (!body.ok) return sayPage("Too much", "Write less. Nothing was changed.", { status: 413 })
  const fields = new URLSearchParams(textOf(body.bytes) ?? "")
  const token = tokenOf(fields)
  const name = (fields.get("name") ?? "").trim()
  const reason = (fields.get("reason") ?? "").trim()
  const problem = problemOf(name, reason)
  if (problem !== null)
    return shownPage(
      serving,
      token,
      { name: name.slice(0, NAME_MAX), reason: reason.slice(0, REASON_MAX) },
      problem,
    )
  const found = await opened(serving, token)
  if (found instanceof Response) return found
  return acknowledged(serving, found, { name, reason, upTo: fields.get("upTo") ?? "" })
}

const problemOf = (name: string, reason: string): string | null => {
  if (name === "" || name.length > NAME_MAX)
    return `Write your name, ${NAME_MAX} characters at most.`
  if (reason === "" || reason.length > REASON_MAX)
    return `Write the reason, ${REASON_MAX} characters at most.`
  return null
}

const acknowledged = async (
  serving: Serving,
  { link, account }: { readonly link: GoodLink; readonly account: AccountOf },
  form: Filled & { readonly upTo: string },
): Promise<Response> => {
  const { spendfuse, store } = serving
  const before = await spendfuse.account(account)
  const reached = Math.max(before.settled + before.held, before.level)
  const seen = /^\d{1,16}$/.test(form.upTo) ? Math.min(Number(form.upTo), reached) : reached
  try {
    const outcome = await spendfuse.operator.acknowledge(account, {
      by: `${form.name} by link`,
      why: form.reason,
      id: `link:${await digestOf(link.content)}`,
      generation: link.generation,
      upTo: seen,
    })
    return await outcomePage(serving, outcome, await spendfuse.account(account))
  } catch (error) {
    if (error instanceof RequestFailed && USED.has(error.error))
      return sayPage(
        "This link was used",
        "It acknowledged once, and does nothing again. Nothing was changed.",
        { status: 409, last: await lastSaid(store, before.account) },
      )
    throw error
  }
}

const USED: ReadonlySet<string> = new Set(["conflict", "already-answered"])

const outcomePage = (
  serving: Serving,
  outcome: Operated,
  account: Remaining,
): Promise<Response> => {
  if (outcome.kind === "later-generation") return laterPage(serving, account)
  if (outcome.kind !== "acknowledged") return nothingPage(serving, account)
  return outcome.replayed
    ? sayPage("Acknowledged before", "This was sent twice: it counts once.", { account })
    : sayPage("Acknowledged", "It is in the audit, with your name and reason.", { account })
}

/** What failed is not shown: it may hold anything. */
const failure = (error: unknown): Promise<Response> =>
  error instanceof StoreUnavailable
    ? sayPage(
        "The store did not answer",
        "It may have been done. Send the form again: it counts once.",
        { status: 503 },
      )
    : sayPage("The server failed", "Nothing is known of what was done. See its log.", {
        status: 500,
      })

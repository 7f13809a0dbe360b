import type { AccountOf, Spendfuse, Store } from "@spendfuse/core"
import { incidentsOf, RequestFailed } from "@spendfuse/core"
import { fromHex, type Macs, macsOf } from "../http/mac.ts"
import { dedupKeyOf } from "../notify/pagerduty/dedupKey.ts"
import { accountOf } from "./accounts.ts"
import { jsonAnswer, problemAnswer } from "./answer.ts"
import { bodyOf, textOf } from "./body.ts"
import { whyNot } from "./lastSaid.ts"
import { readAcknowledged } from "./pagerdutyEvent.ts"
import { answerTo } from "./refusal.ts"

/** Whose webhooks are heard. */
export interface PagerdutyWebhookOptions {
  readonly spendfuse: Spendfuse
  /** The secrets of the webhook subscriptions, as PagerDuty showed them; several while they are rotated. */
  readonly secrets: readonly string[]
  /** The store that `createSpendfuse` has: finds accounts whose keys are too long for PagerDuty. */
  readonly store?: Store
  /** Hears what nobody foresaw, for the host's log. */
  readonly onError?: (error: unknown) => void
  readonly nowMs?: () => number
}

const BODY_MAX = 262_144
const SECRET_MIN = 16
const SIGNATURES_MAX = 8
/** The store remembers a command for a day: what is older might act a second time. */
const AGE_MAX_MS = 43_200_000

/**
 * Hears PagerDuty's webhooks, version 3: a person who acknowledges an incident there acknowledges the account
 * here. Sent twice it counts once. What is not a person's (an integration's, our own probation's) changes
 * nothing.
 *
 * @throws TypeError where there is no secret; the error does not repeat it
 */
export const pagerdutyWebhook = (
  options: PagerdutyWebhookOptions,
): ((request: Request) => Promise<Response>) => {
  const macs = macsOf(options.secrets, "secrets", SECRET_MIN)
  return async (request) => {
    try {
      return await answered(options, macs, request)
    } catch (error) {
      const answer = answerTo(error)
      if (answer.status >= 500) options.onError?.(error)
      return answer
    }
  }
}

const answered = async (
  options: PagerdutyWebhookOptions,
  macs: Macs,
  request: Request,
): Promise<Response> => {
  if (request.method !== "POST") return problemAnswer(405, "this takes POST", {}, { allow: "POST" })
  const body = await bodyOf(request, BODY_MAX)
  if (!body.ok)
    return problemAnswer(body.why === "too-large" ? 413 : 400, "the body cannot be read")
  const signatures = signaturesOf(request.headers.get("x-pagerduty-signature") ?? "")
  if (!(await macs.verify(signatures, body.bytes)))
    return problemAnswer(
      401,
      "no signature is good",
      {},
      { "www-authenticate": "x-pagerduty-signature" },
    )
  const event = readAcknowledged(textOf(body.bytes))
  if (event === "malformed") return problemAnswer(400, "the body is no webhook of version 3")
  if (event === "other") return ignored("nobody acknowledged an incident")
  const ageMs = (options.nowMs ?? Date.now)() - event.occurredAtMs
  if (ageMs > AGE_MAX_MS) return ignored("it is older than 12 hours")
  const found = await incidentOf(options, event.key)
  if (found === undefined) return ignored("no account has this incident")
  return acknowledged(options, found, event)
}

const ignored = (why: string): Response => jsonAnswer({ kind: "ignored", why })

const signaturesOf = (header: string): readonly Uint8Array<ArrayBuffer>[] =>
  header
    .split(",")
    .slice(0, SIGNATURES_MAX)
    .map((part) => part.trim())
    .filter((part) => part.startsWith("v1="))
    .flatMap((part) => fromHex(part.slice(3)) ?? [])

interface Incident {
  readonly account: AccountOf
  readonly generation: number
}

/** The account of a `dedup_key`: read off it, or, where only its digest is there, looked for. */
const incidentOf = async (
  { spendfuse, store }: PagerdutyWebhookOptions,
  key: string,
): Promise<Incident | undefined> => {
  if (key.includes(DIGEST)) return store && lookedFor(spendfuse, store, key)
  const [, opened, since] = /^([\s\S]+)\/(\d{1,15})$/.exec(key) ?? []
  const [, told] = /^([\s\S]+)@-?\d{1,16}(?:\+\d{1,15})?$/.exec(key) ?? []
  const account = accountOf(spendfuse, opened ?? told ?? "")
  if (account === undefined) return undefined
  const found = await spendfuse.account(account)
  return { account, generation: generationOf(found, since === undefined ? null : Number(since)) }
}

/**
 * What an acknowledgement of an incident may reach: of an opening its latest generation, while that stands; of
 * what a meter told, nothing that has opened since.
 */
const generationOf = (
  { generation, since }: { readonly generation: number; readonly since: number | null },
  opened: number | null,
): number => {
  if (opened !== null) return since === opened ? generation : opened
  return since === null ? generation : since - 1
}

/** How a `dedup_key` that is not the incident itself is marked: those of others are not looked for. */
const DIGEST = "#sha256:"
const PAGE = 500
const PAGES_MAX = 200

const lookedFor = async (
  spendfuse: Spendfuse,
  store: Store,
  key: string,
): Promise<Incident | undefined> => {
  let after: string | undefined
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const { items, next } = await store.list({ limit: PAGE, ...(after !== undefined && { after }) })
    for (const item of items) {
      const { circuit } = item
      const since = circuit.state === "closed" ? null : circuit.since
      for (const incident of incidentsOf(item)) {
        if ((await dedupKeyOf(incident)) !== key) continue
        const opened = incident === `${item.key}/${since}` ? since : null
        const account = accountOf(spendfuse, item.key)
        const generation = generationOf({ generation: circuit.generation, since }, opened)
        return account && { account, generation }
      }
    }
    if (next === null) return undefined
    after = next
  }
  return undefined
}

const acknowledged = async (
  { spendfuse, store }: PagerdutyWebhookOptions,
  { account, generation }: Incident,
  { id, who, number }: { readonly id: string; readonly who: string; readonly number: string },
): Promise<Response> => {
  try {
    const outcome = await spendfuse.operator.acknowledge(account, {
      by: `${who} by PagerDuty`,
      why: `acknowledged in PagerDuty${number === "" ? "" : `, incident ${number}`}`,
      id: `pagerduty:${id}`,
      generation,
    })
    const { account: key } = await spendfuse.account(account)
    const said = await whyNot(store, key, outcome)
    return jsonAnswer({ kind: outcome.kind, ...(said !== null && { said }) })
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error
    return ignored(
      USED.has(error.error) ? "it was done before" : `it cannot be done: ${error.error}`,
    )
  }
}

/** With other amounts than at its first time it is another command under the same id. */
const USED: ReadonlySet<string> = new Set(["conflict", "already-answered"])

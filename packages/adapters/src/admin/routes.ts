import type { DeadLetter, DomainEvent, LogQuery, Page, Spendfuse, Store } from "@spendfuse/core"
import type * as Schema from "effect/Schema"
import { eventJson } from "../notify/eventJson.ts"
import { sentenceOf, severityOf } from "../notify/words/sentences.ts"
import { accountOf, accountsOf, cursorOf, detailOf } from "./accounts.ts"
import type { Credential } from "./auth.ts"
import { acknowledge, adjust, noAccount, trip, turn } from "./commands.ts"
import {
  AccountsQuery,
  AcknowledgeBody,
  AdjustBody,
  LogQueryInput,
  NoQuery,
  ResendBody,
  SwitchBody,
  TripBody,
} from "./inputs.ts"
import { decodeKey, encodeKey } from "./keyText.ts"
import { meOf } from "./me.ts"
import { Refusal } from "./refusal.ts"
import {
  AccountDetailSchema,
  AccountPage,
  DeadLetterPage,
  EventPage,
  HealthSchema,
  MeSchema,
  OutcomeSchema,
  ResentSchema,
} from "./views.ts"

/** What a route is run with; `input` is what its Schema has read. */
export interface Asked<Input> {
  readonly spendfuse: Spendfuse
  readonly store: Store | undefined
  readonly credential: Credential
  readonly input: Input
  /** The rest of the path, where it names an account. */
  readonly rest: string
}

/** One thing that the API does: both the answer and its page in the OpenAPI document are made of it. */
export interface Route {
  readonly method: "GET" | "POST"
  /** Below the base path; `{key}` at its end takes the rest. */
  readonly path: string
  readonly id: string
  readonly says: string
  /** Of the query for GET, of the body for POST. */
  readonly input: Schema.Codec<unknown>
  readonly output: Schema.Constraint
  readonly run: (asked: Asked<unknown>) => Promise<unknown>
}

const route = <Input>(
  given: Omit<Route, "input" | "run"> & {
    readonly input: Schema.Codec<Input>
    readonly run: (asked: Asked<Input>) => Promise<unknown>
  },
): Route => ({
  ...given,
  input: given.input as Schema.Codec<unknown>,
  run: (asked) => given.run(asked as Asked<Input>),
})

const command = <Input>(
  path: string,
  says: string,
  input: Schema.Codec<Input>,
  run: (asked: Asked<Input>) => Promise<unknown>,
): Route => route({ method: "POST", path, id: path, says, input, output: OutcomeSchema, run })

const log = (
  path: string,
  id: string,
  says: string,
  output: Schema.Constraint,
  read: (store: Store, query: LogQuery) => Promise<unknown>,
): Route =>
  route({
    method: "GET",
    path,
    id,
    says,
    input: LogQueryInput,
    output,
    run: async ({ store, input: { after, limit, latest } }) => {
      if (after !== undefined && latest === "true") throw bothGiven()
      const query = {
        limit: limitOf(limit),
        ...(after !== undefined && { after: decoded(after) }),
        ...(latest === "true" && { latest: true as const }),
      }
      return read(needed(store), query).catch((error: unknown) => {
        throw error instanceof RangeError ? badCursor() : error
      })
    },
  })

/** All that the API does, beside serving the document of it. */
export const ROUTES: readonly Route[] = [
  route({
    method: "GET",
    path: "accounts",
    id: "accounts",
    says: "Accounts by key, each as judged now.",
    input: AccountsQuery,
    output: AccountPage,
    run: async ({ spendfuse, store, input: { after, limit, budget, circuit } }) =>
      accountsOf(spendfuse, needed(store), {
        after: after === undefined ? undefined : decoded(after),
        limit: limitOf(limit),
        budget,
        circuit,
      }),
  }),
  route({
    method: "GET",
    path: "accounts/{key}",
    id: "account",
    says: "One account as judged now; what was never used is there, with nothing settled.",
    input: NoQuery,
    output: AccountDetailSchema,
    run: async ({ spendfuse, rest }) => {
      const key = decodeKey(rest)
      const account = key === undefined ? undefined : accountOf(spendfuse, key)
      if (account === undefined) throw noAccount(spendfuse)
      return detailOf(spendfuse, account)
    },
  }),
  route({
    method: "GET",
    path: "me",
    id: "me",
    says: "Whom the credential names, what it may do, and the policy's budgets.",
    input: NoQuery,
    output: MeSchema,
    run: async ({ spendfuse, credential }) => meOf(spendfuse, credential),
  }),
  log(
    "events",
    "events",
    "Every event that the store keeps, of all processes, oldest first.",
    EventPage,
    async (store, query) => eventPage(await store.events(query)),
  ),
  log("audit", "audit", "What operators did, oldest first.", EventPage, async (store, query) =>
    eventPage(await store.audit(query)),
  ),
  log(
    "dead-letters",
    "deadLetters",
    "Events that no try could deliver and nobody has sent again, oldest first.",
    DeadLetterPage,
    async (store, query) => deadLetterPage(await store.deadLetters(query)),
  ),
  route({
    method: "POST",
    path: "resend",
    id: "resend",
    says: "Sends dead letters again; those that are none any more change nothing.",
    input: ResendBody,
    output: ResentSchema,
    run: async ({ store, input: { ids } }) => ({ resent: await needed(store).resend(ids) }),
  }),
  route({
    method: "GET",
    path: "health",
    id: "health",
    says: "Whether the store answers.",
    input: NoQuery,
    output: HealthSchema,
    run: async ({ store }) => {
      await store?.list({ limit: 1 })
      return { status: "ok" }
    },
  }),
  command(
    "acknowledge",
    "A person has seen it: closes the circuit, and the cap moves up.",
    AcknowledgeBody,
    acknowledge,
  ),
  command("trip", "Opens a circuit by hand.", TripBody, trip),
  command("switch", "Turns one subject value off or on.", SwitchBody, turn),
  command("adjust", "Corrects what was counted.", AdjustBody, adjust),
]

const LIMIT = 50

const limitOf = (limit: string | undefined): number => (limit === undefined ? LIMIT : Number(limit))

const needed = (store: Store | undefined): Store => {
  if (store !== undefined) return store
  throw new Refusal(
    501,
    "lists need the store; give `adminApi` the store that `createSpendfuse` has",
  )
}

const decoded = (after: string): string => {
  const cursor = cursorOf(after)
  if (cursor !== undefined) return cursor
  throw badCursor()
}

const bothGiven = (): Refusal =>
  new Refusal(400, "the query is not what is expected", {
    problems: [{ path: "latest", message: "is given with `after`; give one of them" }],
  })

const badCursor = (): Refusal =>
  new Refusal(400, "the query is not what is expected", {
    problems: [{ path: "after", message: "is not what `next` of a page said; give that" }],
  })

const eventPage = ({ items, next }: Page<DomainEvent>): unknown => ({
  items: items.map(eventView),
  next: nextOf(next),
})

/** An event with a sentence for people. */
const eventView = (event: DomainEvent): unknown => ({
  ...eventJson(event),
  text: sentenceOf(event),
  severity: severityOf(event),
})

const deadLetterPage = ({ items, next }: Page<DeadLetter>): unknown => ({
  items: items.map(({ id, channel, account, event, dueAtMs, attempts, createdAtMs, why }) => ({
    id,
    channel,
    account,
    event: eventView(event),
    dueAtMs,
    attempts,
    createdAtMs,
    why,
  })),
  next: nextOf(next),
})

const nextOf = (next: string | null): string | null => (next === null ? null : encodeKey(next))

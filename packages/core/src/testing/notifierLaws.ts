import type { DomainEvent } from "../domain/event.ts"
import type { Notifier } from "../ports/Notifier.ts"
import {
  type Attempt,
  deliver,
  delivered,
  firstOf,
  must,
  refused,
  within,
} from "./notifier/delivery.ts"
import { EVENTS, hostileEvents, sameIncident } from "./notifier/events.ts"
import { type Behaviour, FarSide, type Sent } from "./notifier/farSide.ts"
import { leaksOf, withConsole } from "./notifier/leaks.ts"

/** What the laws need to know of a notifier. */
export interface NotifierLawsOptions {
  /** Makes one whose every request goes through `fetch`; each law makes its own. */
  readonly open: (far: { readonly fetch: typeof globalThis.fetch }) => Notifier
  /** The secrets that `open` put into it: none may come out by an error, its name or the console. */
  readonly secrets: readonly string[]
  /** What the far side answers when it takes a message; 204 unless given. */
  readonly accept?: (sent: Sent) => Response
  /** Statuses after which it is tried again; 429, 500, 502, 503, 504 unless given. */
  readonly retryable?: readonly number[]
  /** Statuses after which it is a dead letter; 400, 401, 403, 404, 410 unless given. */
  readonly final?: readonly number[]
  /** Other refusals of the far side, such as those it sends with a status of 200. */
  readonly refusals?: readonly Refusal[]
}

/** A refusal of the far side, and how it must be judged. */
export interface Refusal {
  readonly name: string
  readonly answer: () => Response
  readonly retryable: boolean
}

/** One law: `run` rejects where it is broken, and says how. */
export interface NotifierLaw {
  readonly name: string
  readonly run: () => Promise<void>
}

/**
 * What every notifier must keep to, as data: register each law with your own test runner. Nothing leaves the
 * process; a law takes about a second at most.
 *
 * @example for (const { name, run } of notifierLaws({ open, secrets })) it(name, run)
 */
export const notifierLaws = (options: NotifierLawsOptions): readonly NotifierLaw[] =>
  LAWS.map(([name, law]) => ({ name, run: () => law(new Lawful(options)) }))

class Lawful {
  readonly options: NotifierLawsOptions

  constructor(options: NotifierLawsOptions) {
    this.options = options
  }

  /** A new notifier before a far side that behaves so; its delivery has ended. */
  async try(events: readonly DomainEvent[], behaviour: Behaviour): Promise<Attempt> {
    const far = new FarSide(behaviour)
    return deliver(this.options.open({ fetch: far.fetch }), far, events)
  }

  get accepts(): Behaviour {
    const { accept = () => new Response(null, { status: 204 }) } = this.options
    return { answer: accept }
  }

  /** Everything a far side can do that must end in a failure. */
  get failures(): readonly (Refusal | (Behaviour & { name: string; retryable: boolean }))[] {
    const { retryable = [429, 500, 502, 503, 504], final = [400, 401, 403, 404, 410] } =
      this.options
    const status = (code: number, isRetryable: boolean): Refusal => ({
      name: `status ${code}`,
      answer: () => new Response(`${code}`, { status: code }),
      retryable: isRetryable,
    })
    return [
      ...retryable.map((code) => status(code, true)),
      ...final.map((code) => status(code, false)),
      ...(this.options.refusals ?? []),
      { name: "a broken connection", breaks: true, retryable: true },
    ]
  }
}

const LAWS: readonly (readonly [string, (lawful: Lawful) => Promise<void>])[] = [
  ["N1: an event of every kind is delivered", delivers],
  ["N2: what fails is retryable or final, as the far side means it", judges],
  ["N3: a retry comes no sooner than the far side asks", waits],
  ["N4: it stops when it is told, whatever the far side does", stops],
  ["N5: no secret leaves it by an error, its name or the console", keepsSecrets],
  ["N6: the same events again are the same message", repeats],
  ["N7: many events of one incident take no more requests than one", groups],
  ["N8: whatever an event holds is delivered, to the same place", standsHostility],
  ["N9: no redirect is followed", followsNothing],
  ["N10: what is late, or was tried before, is delivered to the same place", deliversLate],
]

async function delivers(lawful: Lawful): Promise<void> {
  for (const event of EVENTS) {
    const sent = delivered(await lawful.try([event], lawful.accepts), `a \`${event.kind}\``)
    must(sent.length > 0, `a \`${event.kind}\` sent nothing`)
  }
}

async function judges(lawful: Lawful): Promise<void> {
  for (const failure of lawful.failures) {
    const { retryable } = refused(await lawful.try(EVENTS.slice(0, 1), failure), failure.name)
    must(
      retryable === failure.retryable,
      `${failure.name} is ${failure.retryable ? "retryable" : "final"}, it said ${retryable ? "retryable" : "final"}`,
    )
  }
}

async function waits(lawful: Lawful): Promise<void> {
  for (const status of [429, 503]) {
    const answer = () => new Response("", { status, headers: { "retry-after": "7" } })
    const failed = refused(await lawful.try(EVENTS.slice(0, 1), { answer }), `status ${status}`)
    must(
      failed.retryAfterMs !== null && Math.abs(failed.retryAfterMs - 7_000) < 1,
      `\`Retry-After: 7\` with ${status} became ${failed.retryAfterMs} ms`,
    )
  }
}

async function stops(lawful: Lawful): Promise<void> {
  const silences: readonly (readonly [string, Behaviour])[] = [
    ["never answers", { hangs: "before" }],
    ["never ends its answer", { hangs: "within" }],
  ]
  for (const [name, behaviour] of silences) {
    const far = new FarSide(behaviour)
    const stop = new AbortController()
    const notifier = lawful.options.open({ fetch: far.fetch })
    setTimeout(() => stop.abort(), 20)
    const ended = deliver(notifier, far, EVENTS.slice(0, 1), stop)
    const { failed } = await within(1_000, ended, `it did not stop where the far side ${name}`)
    must(failed !== null || behaviour.hangs === "within", `a far side that ${name} was a success`)
  }
  const far = new FarSide(lawful.accepts)
  const stopped = AbortSignal.abort()
  const notifier = lawful.options.open({ fetch: far.fetch })
  const { failed } = await deliver(notifier, far, EVENTS.slice(0, 1), { signal: stopped })
  must(failed !== null && far.sent.length === 0, "it sent, though it was stopped before it began")
}

async function keepsSecrets(lawful: Lawful): Promise<void> {
  const { secrets, open } = lawful.options
  must(secrets.length > 0, "name the secrets that `open` puts into the notifier")
  must(leaksOf(open({ fetch: new FarSide({}).fetch }).name, secrets).length === 0, "its name leaks")
  for (const failure of [...lawful.failures, { name: "an echo", echoes: true }]) {
    const written = await withConsole(async () => {
      const { failed } = await lawful.try(EVENTS.slice(0, 1), failure)
      const leaks = leaksOf(failed, secrets)
      must(leaks.length === 0, `after ${failure.name} the error holds secret ${leaks[0]}`)
    })
    must(leaksOf(written, secrets).length === 0, `after ${failure.name} the console holds a secret`)
  }
}

async function repeats(lawful: Lawful): Promise<void> {
  const bodies = async () => {
    const { sent } = await lawful.try(EVENTS.slice(0, 2), lawful.accepts)
    return JSON.stringify(sent.map(({ url, body }) => [url, body]))
  }
  const first = await bodies()
  await new Promise((resolve) => setTimeout(resolve, 5))
  must(first === (await bodies()), "the same events made another message")
}

async function groups(lawful: Lawful): Promise<void> {
  const many = sameIncident(32)
  const one = delivered(await lawful.try(many.slice(0, 1), lawful.accepts), "one event")
  const all = delivered(await lawful.try(many, lawful.accepts), "32 events")
  must(
    all.length <= one.length,
    `32 events of one incident took ${all.length} requests, one event ${one.length}`,
  )
}

async function standsHostility(lawful: Lawful): Promise<void> {
  const usual = delivered(await lawful.try(EVENTS.slice(0, 1), lawful.accepts), "an event")
  const places = new Set(usual.map(({ url }) => url))
  for (const event of hostileEvents()) {
    const sent = delivered(await lawful.try([event], lawful.accepts), `hostile \`${event.kind}\``)
    const other = sent.find(({ url }) => !places.has(url))
    must(other === undefined, "what an event holds changed where it was sent")
    const large = sent.find(({ body }) => body.length > 512_000)
    must(large === undefined, "an event made a message above 512 kB")
  }
}

async function followsNothing(lawful: Lawful): Promise<void> {
  const answer = () =>
    new Response("", { status: 307, headers: { location: "https://elsewhere.example/" } })
  const delivery = await lawful.try(EVENTS.slice(0, 1), { answer })
  must(!refused(delivery, "a redirect").retryable, "a redirect is final")
  for (const { url, redirect } of delivery.sent) {
    must(redirect === "manual" || redirect === "error", "`fetch` was told to follow redirects")
    must(new URL(url).host !== "elsewhere.example", "it went where a redirect pointed")
  }
}

const DAY_MS = 24 * 3_600_000

async function deliversLate(lawful: Lawful): Promise<void> {
  const events = EVENTS.slice(0, 1)
  const first = firstOf(events)
  const usual = delivered(await lawful.try(events, lawful.accepts), "a first try")
  const places = usual.map(({ url }) => url).join("\n")
  for (const attempts of [1, 10, 1_000]) {
    const far = new FarSide(lawful.accepts)
    const notifier = lawful.options.open({ fetch: far.fetch })
    const delivery = { channel: "there", attempts, createdAtMs: first.createdAtMs - DAY_MS }
    const sent = delivered(await deliver(notifier, far, events, { delivery }), `try ${attempts}`)
    must(sent.length > 0, `after ${attempts} tries it said that all was well, and sent nothing`)
    must(sent.map(({ url }) => url).join("\n") === places, "it went elsewhere for what is late")
  }
}

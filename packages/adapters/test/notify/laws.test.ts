import type { DomainEvent, Notifier } from "@spendfuse/core"
import { NotifyFailed } from "@spendfuse/core"
import { type NotifierLawsOptions, notifierLaws } from "@spendfuse/core/testing"
import { describe, expect, it, onTestFinished, vi } from "vitest"
import { defineNotifier, messageOf } from "../../src/notifier.ts"
import { pagerduty } from "../../src/pagerduty.ts"
import { slack } from "../../src/slack.ts"
import { webhook } from "../../src/webhook.ts"

const CANARY = "c4narYofTheFar51deAndNobodyElse0"
const SECRET = `whsec_${btoa(CANARY)}`
const HOOK = `https://hooks.slack.com/services/T0/B0/${CANARY}`
const json = (body: unknown) => () => Response.json(body)

const SUBJECTS: Readonly<Record<string, NotifierLawsOptions>> = {
  "slack by webhook": {
    open: ({ fetch }) => slack({ webhookUrl: HOOK, fetch }),
    secrets: [CANARY],
    accept: () => new Response("ok"),
  },
  "slack by bot": {
    open: ({ fetch }) => slack({ token: `xoxb-${CANARY}`, channel: "C0123456789", fetch }),
    secrets: [CANARY],
    accept: ({ url }) =>
      Response.json(
        url.endsWith("/conversations.history")
          ? { ok: true, messages: [] }
          : { ok: true, ts: "1768472400.000100" },
      ),
    refusals: [
      ...["invalid_auth", "channel_not_found", "no_service", "is_archived"].map((error) => ({
        name: error,
        answer: json({ ok: false, error }),
        retryable: false,
      })),
      ...["internal_error", "ratelimited", CANARY, 7].map((error) => ({
        name: "another word",
        answer: json({ ok: false, error }),
        retryable: true,
      })),
    ],
  },
  pagerduty: {
    open: ({ fetch }) => pagerduty({ routingKey: CANARY, fetch }),
    secrets: [CANARY],
    accept: () => Response.json({ status: "success", dedup_key: "k" }, { status: 202 }),
  },
  webhook: {
    open: ({ fetch }) =>
      webhook({ url: `https://alerts.example/${CANARY}`, secrets: [SECRET], fetch }),
    secrets: [CANARY, SECRET, btoa(CANARY)],
  },
  "one's own": {
    open: ({ fetch }) =>
      defineNotifier({
        name: "own",
        fetch,
        deliver: async (events, post) => {
          await post({ url: HOOK, body: messageOf(events).title })
        },
      }),
    secrets: [CANARY],
  },
}

for (const [name, subject] of Object.entries(SUBJECTS))
  describe(`${name} keeps the laws`, () => {
    for (const law of notifierLaws(subject)) it(law.name, law.run)
  })

type Post = (body: string, signal: AbortSignal) => Promise<Response>
type Lawful = readonly [events: readonly DomainEvent[], post: Post, signal: AbortSignal]
type Broken = (...how: readonly [...Lawful, attempts: number]) => Promise<void>

/** A lawful one without the help of `defineNotifier`, from which each mutant departs in one thing. */
const judged = (response: Response): void => {
  if (response.ok) return
  const seconds = Number(response.headers.get("retry-after"))
  throw new NotifyFailed("mutant", {
    retryable: response.status === 429 || response.status >= 500,
    ...(seconds > 0 && { retryAfterMs: seconds * 1_000 }),
  })
}
const whole = (events: readonly DomainEvent[]): string => JSON.stringify(events)
const stopping = async (run: () => Promise<void>, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted()
  const stopped = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(new NotifyFailed("mutant", { retryable: true })))
  })
  stopped.catch(() => undefined)
  await Promise.race([run().catch(plainly), stopped])
}
const plainly = (error: unknown): never => {
  throw error instanceof NotifyFailed ? error : new NotifyFailed("mutant", { retryable: true })
}
const lawful = (...[events, post, signal]: Lawful): Promise<void> =>
  stopping(async () => judged(await post(whole(events), signal)), signal)

/** [the law that must convict it, what is broken, the notifier] */
const MUTANTS: readonly (readonly [string, string, Broken, RequestRedirect?])[] = [
  [
    "N1",
    "is silent about what it does not know",
    async (events, post, signal) => {
      if (events[0]?.kind !== "expired") await lawful(events, post, signal)
    },
  ],
  [
    "N2",
    "says that all is well",
    async (events, post, signal) => {
      await post(whole(events), signal)
    },
  ],
  [
    "N2",
    "tries for ever",
    (events, post, signal) =>
      lawful(events, post, signal).catch(() => {
        throw new NotifyFailed("mutant", { retryable: true })
      }),
  ],
  [
    "N2",
    "throws what it likes",
    (events, post, signal) =>
      lawful(events, post, signal).catch(() => {
        throw new Error("it failed")
      }),
  ],
  [
    "N3",
    "does not wait",
    (events, post, signal) =>
      lawful(events, post, signal).catch((error: NotifyFailed) => {
        throw new NotifyFailed("mutant", { retryable: error.retryable })
      }),
  ],
  [
    "N4",
    "waits for ever",
    async (events, post, signal) => {
      signal.throwIfAborted()
      judged(await post(whole(events), signal).catch(plainly))
    },
  ],
  [
    "N4",
    "sends after it was stopped",
    async (events, post, signal) => {
      const late = signal.aborted ? new AbortController().signal : signal
      await lawful(events, post, late)
    },
  ],
  [
    "N5",
    "hands on the runtime's error",
    (events, post, signal) =>
      stopping(async () => {
        const failed = (cause: unknown): never => {
          throw new NotifyFailed("mutant", { retryable: true, cause })
        }
        judged(await post(whole(events), signal).catch(failed))
      }, signal),
  ],
  [
    "N5",
    "logs where it sends",
    async (events, post, signal) => {
      console.info(`to ${HOOK}`)
      await lawful(events, post, signal)
    },
  ],
  [
    "N6",
    "adds the time of day",
    (events, post, signal) =>
      lawful(
        events.map((event) => ({ ...event, atMs: Date.now() })),
        post,
        signal,
      ),
  ],
  [
    "N7",
    "sends each event by itself",
    async (events, post, signal) => {
      for (const event of events) await lawful([event], post, signal)
    },
  ],
  [
    "N8",
    "breaks on a lone surrogate",
    async (events, post, signal) => {
      encodeURIComponent(events[0]?.id ?? "")
      await lawful(events, post, signal)
    },
  ],
  ["N9", "follows redirects", lawful, "follow"],
  [
    "N10",
    "gives up in silence after some tries",
    async (events, post, signal, attempts) => {
      if (attempts < 5) await lawful(events, post, signal)
    },
  ],
]

const idOf = (name: string): string => name.slice(0, name.indexOf(":"))

describe("the laws", () => {
  const mutant = (deliver: Broken, redirect: RequestRedirect = "manual"): NotifierLawsOptions => ({
    open: ({ fetch }): Notifier => ({
      name: "mutant",
      deliver: (events, signal, delivery) =>
        deliver(
          events,
          (body, stop) => fetch(HOOK, { method: "POST", body, redirect, signal: stop }),
          signal,
          delivery?.attempts ?? 0,
        ),
    }),
    secrets: [CANARY],
  })
  const broken = async (options: NotifierLawsOptions) => {
    const found: string[] = []
    for (const { name, run } of notifierLaws(options))
      await run().catch(() => found.push(idOf(name)))
    return found
  }

  it("find nothing in a notifier that keeps them", async () => {
    expect(await broken(mutant(lawful))).toEqual([])
  })

  const mutants = MUTANTS.map(([law, what, deliver, redirect]) => ({
    law,
    what,
    deliver,
    redirect,
  }))
  it.each(mutants)("$law convicts one that $what", async ({ law, deliver, redirect }) => {
    const quiet = vi.spyOn(console, "info").mockImplementation(() => undefined)
    onTestFinished(() => quiet.mockRestore())
    expect(await broken(mutant(deliver, redirect))).toContain(law)
  })

  it("each convict somebody", () => {
    const convicting = new Set(MUTANTS.map(([law]) => law))
    const all = notifierLaws(mutant(lawful)).map(({ name }) => idOf(name))
    expect([...convicting].sort()).toEqual(all.sort())
  })

  it("do not pass where no secret is named", async () => {
    expect(await broken({ ...mutant(lawful), secrets: [] })).toEqual(["N5"])
  })
})

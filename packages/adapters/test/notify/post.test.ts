import { NotifyFailed } from "@spendfuse/core"
import { describe, expect, it } from "vitest"
import { defineNotifier, type NotifierDefinition } from "../../src/notifier.ts"
import { retryAfterMsOf } from "../../src/notify/retryAfter.ts"
import { signal, tier } from "./events.ts"

const URL_WITH_SECRET = "https://far.example/s3cret"
const NOW_MS = Date.UTC(2026, 0, 15)
const DAY_MS = 24 * 3_600_000

const own = (definition: Partial<NotifierDefinition>) =>
  defineNotifier({
    name: "own",
    deliver: async (_, post) => {
      await post({ url: URL_WITH_SECRET, body: "{}" })
    },
    ...definition,
  })

const failureOf = (definition: Partial<NotifierDefinition>): Promise<unknown> =>
  own(definition)
    .deliver([tier()], signal)
    .then(
      () => null,
      (error: unknown) => error,
    )

describe("how long to wait", () => {
  it.each([
    ["7", 7_000],
    ["0.5", 500],
    [" 3 ", 3_000],
    ["999999999999", DAY_MS],
    [new Date(NOW_MS + 90_000).toUTCString(), 90_000],
    [new Date(NOW_MS + 30 * DAY_MS).toUTCString(), DAY_MS],
    [new Date(NOW_MS - 1_000).toUTCString(), null],
    ["0", null],
    ["-5", null],
    ["soon", null],
    ["", null],
  ])("reads `Retry-After: %s`", (value, ms) => {
    expect(retryAfterMsOf(new Headers({ "retry-after": value }), NOW_MS)).toBe(ms)
  })

  it("is not said where the far side says nothing", () => {
    expect(retryAfterMsOf(new Headers(), NOW_MS)).toBeNull()
  })
})

describe("a notifier of one's own", () => {
  it("reads no more of an answer than it needs, and stops the rest", async () => {
    let pulled = 0
    let isStopped = false
    const fetch = async () =>
      new Response(
        new ReadableStream({
          pull: (controller) => {
            pulled += 1
            controller.enqueue(new Uint8Array(16_384))
          },
          cancel: () => {
            isStopped = true
          },
        }),
      )
    const seen: number[] = []
    const deliver: NotifierDefinition["deliver"] = async (_, post) => {
      seen.push((await post({ url: URL_WITH_SECRET, body: "" })).text.length)
    }
    await own({ fetch, deliver }).deliver([tier()], signal)
    expect(seen).toEqual([65_536])
    expect(pulled).toBeLessThan(10)
    expect(isStopped).toBe(true)
  })

  it("tells only the class of what is no failure of a delivery, and tries again", async () => {
    const deliver = async () => {
      throw new RangeError(`at ${URL_WITH_SECRET}`)
    }
    const failed = await failureOf({ deliver })
    expect(failed).toBeInstanceOf(NotifyFailed)
    expect(failed).toMatchObject({ retryable: true, detail: "a RangeError inside it" })
    expect(failed).toHaveProperty(
      "message",
      "notifier `own` did not deliver: a RangeError inside it",
    )
  })

  it("judges for itself where it must, and keeps no cause", async () => {
    const deliver = async () => {
      const cause = new Error(URL_WITH_SECRET)
      throw new NotifyFailed("own", { retryable: false, detail: "the topic is gone", cause })
    }
    const failed = await failureOf({ deliver })
    expect(failed).toMatchObject({
      retryable: false,
      detail: "the topic is gone",
      cause: undefined,
    })
  })

  it("explains a refusal in words of its own", async () => {
    const fetch = async () => new Response("topic s3cret is gone", { status: 404 })
    const deliver: NotifierDefinition["deliver"] = async (_, post) => {
      const explain = ({ text }: { readonly text: string }) =>
        text.includes("gone") ? "the topic is gone" : null
      await post({ url: URL_WITH_SECRET, body: "", explain })
    }
    expect(await failureOf({ fetch, deliver })).toMatchObject({
      detail: "status 404, the topic is gone",
    })
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])("refuses a time of %d ms", (timeoutMs) => {
    expect(() => own({ timeoutMs })).toThrow("`timeoutMs` must be a positive number")
  })
})

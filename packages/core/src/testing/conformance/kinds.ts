import { AMOUNT_MAX } from "../../domain/money.ts"
import type { BlockingEffect, Terms, TierTerms } from "../../domain/terms.ts"
import { HOUR_MS, MINUTE_MS } from "../../domain/time.ts"
import { type Window, windowName } from "../../domain/window.ts"

/** One way to count: how time is cut, and terms that take each other's place as after a reload. */
export interface Kind {
  readonly window: Window
  readonly variants: readonly Terms[]
}

/** Amounts of a history: `n` of its steps, up to `off` beside them, within what an amount may be. */
export const scaled = (n: number, scale: number, off = 0): number =>
  Math.max(0, Math.min(AMOUNT_MAX, n * scale + (scale === 1 ? 0 : off)))

/** Steps of 1, of more than 2^31, around 1e14 and up to 2^53 − 1: six of the last are the largest amount. */
export const SCALES: readonly number[] = [
  1,
  1,
  1,
  4_294_967_297,
  16_666_666_666_667,
  Math.floor(AMOUNT_MAX / 6),
]

export const KIND_NAMES = [
  "plain",
  "meet",
  "slide",
  "life",
  "watch",
  "wide",
  "calls",
  "tokens",
  "tell",
  "pages",
  "fixed",
  "day",
  "lord",
] as const

/** The same terms object for the same content, as an engine has it. */
export const kindOf = (name: (typeof KIND_NAMES)[number], scale: number): Kind => {
  const key = `${name} ${scale}`
  const known = made.get(key)
  if (known !== undefined) return known
  const kind = makes[name](scale)
  made.set(key, kind)
  return kind
}
const made = new Map<string, Kind>()

const hour: Window = { kind: "hour", timeZone: "UTC" }
const block: BlockingEffect = { kind: "block" }
const latch: BlockingEffect = { kind: "latch" }

const trip = (scale: number, probed: boolean): BlockingEffect => ({
  kind: "trip",
  coolDownMs: 600_000,
  maxCoolDownMs: 1_800_000,
  probation: probed ? { allow: scaled(2, scale), forMs: 900_000 } : null,
})

/** Of a repeat the distance: 0 where its next level would be no amount. */
const tier = (scale: number, at: number, more: Partial<TierTerms> = {}): TierTerms => ({
  effect: null,
  degrade: null,
  notify: [],
  escalateAfterMs: 0,
  message: "",
  percent: null,
  ...more,
  at: scaled(at, scale),
  repeat: scaled(more.repeat ?? 0, scale),
})

const termsOf = (
  scale: number,
  tiers: readonly TierTerms[],
  window: Window,
  more: Partial<Terms> = {},
): Terms => {
  const content: Omit<Terms, "id"> = {
    budget: "b",
    unit: "usd",
    limit: scaled(6, scale),
    observe: false,
    window: windowName(window),
    slidingMs: window.kind === "sliding" ? window.lengthMs : 0,
    bucketMs: window.kind === "sliding" ? window.lengthMs / window.buckets : 0,
    idleMs: window.kind === "lifetime" ? window.idleMs : 0,
    tiers,
    ...more,
  }
  return { id: JSON.stringify(content), ...content }
}

const one =
  (window: Window, ...variants: readonly ((scale: number) => readonly TierTerms[])[]) =>
  (scale: number): Kind => ({
    window,
    variants: variants.map((tiers) => termsOf(scale, tiers(scale), window)),
  })

const meeting = (scale: number): readonly TierTerms[] => [
  tier(scale, 3, { degrade: ["cheap", "later"], notify: ["log"] }),
  tier(scale, 6, { repeat: 6, effect: trip(scale, true), notify: ["page"], percent: 100 }),
  tier(scale, 6, { repeat: 3, effect: block }),
  tier(scale, 6, { notify: ["slack", "\u0000#\ud800"], message: "\ud83d \u0000" }),
  tier(scale, 12, {
    repeat: 6,
    effect: latch,
    notify: ["oncall", "\u0000#\ud800", "lead"],
    escalateAfterMs: 10 * MINUTE_MS,
  }),
]

/** Latches that go on to channels which others tell too, one upon the other. */
const paging = (scale: number): readonly TierTerms[] => [
  tier(scale, 3, {
    repeat: 3,
    effect: latch,
    notify: ["first", "second", "third"],
    escalateAfterMs: 10 * MINUTE_MS,
  }),
  tier(scale, 6, { repeat: 3, effect: trip(scale, true), notify: ["slack"] }),
  tier(scale, 9, {
    effect: latch,
    notify: ["second", "fourth"],
    escalateAfterMs: MINUTE_MS,
  }),
]

const makes: Readonly<Record<(typeof KIND_NAMES)[number], (scale: number) => Kind>> = {
  plain: one(
    hour,
    (scale) => [
      tier(scale, 2, { repeat: 1, notify: ["log"], message: "half" }),
      tier(scale, 4, { notify: ["slack"] }),
      tier(scale, 6, { repeat: 6, effect: trip(scale, false), notify: ["page"], percent: 100 }),
    ],
    (scale) => [tier(scale, 4, { repeat: 4, effect: block })],
  ),
  meet: one(hour, meeting),
  slide: one({ kind: "sliding", lengthMs: HOUR_MS, buckets: 4 }, (scale) => [
    tier(scale, 3, { repeat: 1, notify: ["log"] }),
    tier(scale, 6, {
      repeat: 6,
      effect: latch,
      notify: ["page", "second"],
      escalateAfterMs: 10 * MINUTE_MS,
    }),
  ]),
  life: one({ kind: "lifetime", idleMs: 2 * HOUR_MS }, (scale) => [
    tier(scale, 4, { degrade: ["later"], notify: ["log"] }),
    tier(scale, 6, { repeat: 6, effect: block, notify: ["slack"] }),
  ]),
  pages: one(hour, paging),
  watch: (scale) => ({
    window: hour,
    variants: [true, false].map((observe) =>
      termsOf(
        scale,
        [
          tier(scale, 3, { repeat: 3, effect: trip(scale, false) }),
          tier(scale, 6, { repeat: 6, effect: latch }),
        ],
        hour,
        { observe },
      ),
    ),
  }),
  wide: one(hour, (scale) => [
    tier(scale, 20, { repeat: 20, effect: trip(scale, false), notify: ["page"] }),
  ]),
  calls: (scale) => ({
    window: hour,
    variants: [
      termsOf(scale, [tier(1, 3, { repeat: 3, effect: block })], hour, {
        unit: "requests",
        limit: 3,
      }),
    ],
  }),
  tokens: (scale) => ({
    window: hour,
    variants: [
      termsOf(scale, [tier(scale, 5, { effect: block, notify: ["log"] })], hour, {
        unit: "tokens",
      }),
    ],
  }),
  tell: one(hour, (scale) => [tier(scale, 2, { repeat: 2, notify: ["log"] })]),
  day: one({ kind: "day", timeZone: "America/New_York" }, meeting),
  lord: one({ kind: "hour", timeZone: "Australia/Lord_Howe" }, (scale) => [
    tier(scale, 3, { repeat: 3, effect: latch, notify: ["oncall"] }),
  ]),
  fixed: one({ kind: "fixed", everyMs: 1.5 * HOUR_MS, anchorMs: 0 }, (scale) => [
    tier(scale, 6, { repeat: 3, effect: trip(scale, true) }),
  ]),
}

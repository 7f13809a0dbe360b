/** One pair of windows: both must burn at least so many times as fast as the limit allows. */
export interface BurnRule {
  /** Whether it lasts, in milliseconds; a multiple of the bucket, at most a day. */
  readonly longMs: number
  /** Whether it still goes on, in milliseconds; a multiple of the bucket. */
  readonly shortMs: number
  /** 1 spends exactly the limit in its period. */
  readonly rate: number
}

/** What the detector takes for unusual. */
export interface AnomalyOptions {
  /** Robust deviations above the account's own usual; 3 unless given. */
  readonly sigma?: number
  /** Less than this in a bucket pages nobody, in the account's unit; 1 USD (1,000,000,000), 1,000,000 tokens, 1,000 requests unless given. */
  readonly minimum?: Partial<Readonly<Record<"usd" | "tokens" | "requests", number>>>
  /** What is compared: spend in so many milliseconds; 5 minutes unless given. */
  readonly bucketMs?: number
  /** How many buckets with spend are its usual; 288 unless given. */
  readonly history?: number
  /** How many of them it must have before it is judged; 12 unless given. */
  readonly warmUp?: number
  /** `1h` and `5m` at 14.4, `6h` and `30m` at 6 unless given; empty: none. */
  readonly burn?: readonly BurnRule[]
  /** Accounts that are remembered; 2,000 unless given. Whoever spent longest ago is forgotten. */
  readonly accounts?: number
}

/** The same with its defaults. */
export interface Settings {
  readonly sigma: number
  readonly minimum: Readonly<Record<"usd" | "tokens" | "requests", number>>
  readonly bucketMs: number
  readonly history: number
  readonly warmUp: number
  readonly burn: readonly BurnRule[]
  readonly accounts: number
}

/** @throws RangeError naming the option, its value and the mend */
export const settingsOf = (options: AnomalyOptions): Settings => {
  const settings: Settings = {
    sigma: options.sigma ?? 3,
    minimum: { usd: 1_000_000_000, tokens: 1_000_000, requests: 1_000, ...options.minimum },
    bucketMs: options.bucketMs ?? 300_000,
    history: options.history ?? 288,
    warmUp: options.warmUp ?? 12,
    burn: options.burn ?? BURN,
    accounts: options.accounts ?? 2_000,
  }
  if (!(settings.sigma > 0 && Number.isFinite(settings.sigma)))
    throw wrong("sigma", settings.sigma, "give a number above 0")
  for (const name of ["bucketMs", "history", "warmUp", "accounts"] as const)
    checkCount(name, settings[name])
  for (const unit of ["usd", "tokens", "requests"] as const)
    checkCount(`minimum.${unit}`, settings.minimum[unit])
  if (HOUR_MS % settings.bucketMs !== 0)
    throw wrong("bucketMs", settings.bucketMs, "give a part of an hour, such as 300000")
  if (settings.warmUp > settings.history)
    throw wrong("warmUp", settings.warmUp, "give at most `history`")
  settings.burn.forEach((rule, at) => {
    checkBurn(rule, at, settings.bucketMs)
  })
  return settings
}

const HOUR_MS = 3_600_000

/** As those who watch error budgets pair them: fast enough to matter, and still going on. */
const BURN: readonly BurnRule[] = [
  { longMs: HOUR_MS, shortMs: 300_000, rate: 14.4 },
  { longMs: 6 * HOUR_MS, shortMs: 1_800_000, rate: 6 },
]

const checkBurn = ({ longMs, shortMs, rate }: BurnRule, at: number, bucketMs: number): void => {
  for (const [name, value] of [
    ["longMs", longMs],
    ["shortMs", shortMs],
  ] as const)
    if (!Number.isSafeInteger(value) || value <= 0 || value % bucketMs !== 0)
      throw wrong(`burn.${at}.${name}`, value, "give a multiple of `bucketMs`")
  if (longMs > 24 * HOUR_MS) throw wrong(`burn.${at}.longMs`, longMs, "give at most a day")
  if (shortMs > longMs) throw wrong(`burn.${at}.shortMs`, shortMs, "give at most `longMs`")
  if (!(rate > 0 && Number.isFinite(rate)))
    throw wrong(`burn.${at}.rate`, rate, "give a number above 0")
}

const checkCount = (name: string, value: number): void => {
  if (!Number.isSafeInteger(value) || value < 1)
    throw wrong(name, value, "give an integer of at least 1")
}

const wrong = (name: string, value: unknown, mend: string): RangeError =>
  new RangeError(`\`${name}\` is \`${String(value)}\`; ${mend}`)

/** What one fault did. Amounts are nano-USD. */
export interface FaultResult {
  readonly calls: number
  /** Commands that the store answered. */
  readonly acknowledged: number
  /** Calls whose answered spend, or hold, the store no longer knows. */
  readonly lost: number
  /** Calls of them that the host has told as `unposted`: their settle was under way when the server went. */
  readonly unposted: number
  readonly spentNano: number
  /** Spent, and no longer counted. */
  readonly lostNano: number
  /** Really spent over the cap. */
  readonly overCapNano: number
  /** Counted, and not known to be spent: holds of the dead. */
  readonly tooMuchNano: number
  /** Claims that do not hold; none where all do. */
  readonly problems: readonly string[]
  readonly note: string
}

export interface FaultRun {
  readonly url: string
  /** 1 in a test; a night kills and calls more. */
  readonly times: number
  readonly seed: number
}

export interface Fault {
  readonly name: string
  /** What the server promises. */
  readonly promise: string
  /** Left to the night: too long, or little that another does not show. */
  readonly atNight: boolean
  readonly run: (options: FaultRun) => Promise<FaultResult>
}

/** All faults of a store, through the engine; servers that must be harmed are its own. */
export declare const faultsOf: (store: "redis" | "postgres") => readonly Fault[]

/** A store's ledger: on a server, under a name of its own; or in this process. */
export interface Place {
  readonly store: "memory" | "redis" | "postgres"
  readonly url: string
  /** A key prefix or a schema; see `freshName`. */
  readonly name: string
}

export interface Lease {
  readonly share: string
  readonly for: string
}

export interface Load {
  readonly store: Place["store"]
  /** Where a server runs already; one is started where this is not said. */
  readonly place?: Place
  /** Hosts; in memory they are engines of one process. 8 unless given. */
  readonly processes?: number
  /** Of each host; 200 unless given. */
  readonly callers?: number
  /** About so many use the budget up; 40,000 unless given. */
  readonly calls?: number
  /** Then it is over, used up or not; 120 unless given. */
  readonly seconds?: number
  /** How long a call runs at most, in milliseconds; 40 unless given. */
  readonly callMs?: number
  readonly seed?: number
  readonly lease?: Lease | null
  /** Nearly all callers are the first host's. */
  readonly isSkewed?: boolean
}

/** What a run measured, and what it claims. */
export interface Proof {
  readonly load: Readonly<Record<string, unknown>>
  readonly figures: Readonly<Record<string, unknown>>
  readonly claims: readonly { readonly name: string; readonly holds: boolean }[]
}

/** Lets many hosts spend one budget until it is used up. */
export declare const proveShared: (load: Load) => Promise<Proof>

/** The same without leases, then with them: under an even and under a skewed load. */
export declare const proveLeases: (
  load: Load & { readonly lease: Lease },
) => Promise<readonly Proof[]>

/** Plays the public traces, or rows made from a seed where there are none, through each store. */
export declare const proveTraces: (options: {
  readonly stores: readonly Place["store"][]
  readonly rows: number
  /** Where servers run already, by store. */
  readonly places?: Readonly<Partial<Record<Place["store"], Place>>>
  /** Rows made from a seed even where the traces are there. */
  readonly made?: boolean
}) => Promise<Proof>

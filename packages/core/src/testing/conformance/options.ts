import type { PlayedStore } from "../world.ts"
import type { LawId } from "./laws.ts"

/** Opens an EMPTY store, in a prefix or schema of its own, whose clock the suite sets. */
export type OpenEmpty = (how: {
  /** The store's clock, epoch milliseconds; it may go back by ten minutes. */
  readonly nowMs: () => number
  /** Each answer says its `rank`: the command's place in the serial order. */
  readonly history: true
}) => Promise<PlayedStore>

/** What the suite is told of a store on trial. */
export interface ConformanceOptions {
  readonly open: OpenEmpty
  /** Histories of each law; 100 unless given. */
  readonly runs?: number
  /** Of all that is random; 42 unless given. */
  readonly seed?: number
  /** As a conviction told it, with its seed: that one history again. */
  readonly path?: string
  /** Where false, every line and switch of a command is of its own division; true unless given. */
  readonly spansDivisions?: boolean
  /**
   * Whether a restarted store goes on beside the one that it was restarted from, on one state, as hosts on one
   * server do; false unless given. Then concurrent callers come through several openings.
   */
  readonly opensBeside?: boolean
  /**
   * Histories that share one opened store, under names of their own; 1 unless given. More where opening one
   * takes long.
   */
  readonly share?: number
  /** How long a conviction may be made smaller, milliseconds; 20,000 unless given, 0 for not at all. */
  readonly shrinkMs?: number
  /**
   * Writes over what the store holds of an account, as a newer version would leave it. Without it the law
   * of newer versions is not among the laws.
   */
  readonly corrupt?: (
    opened: PlayedStore,
    account: { readonly key: string; readonly division: string },
  ) => Promise<void>
  /** Told after each history. */
  readonly onRun?: (law: LawId, run: number) => void
}

/** A law as any runner can register it: `run` rejects with what was found. */
export interface Law {
  readonly id: LawId
  /** Its id and a sentence: `C1 lockstep: …`. */
  readonly name: string
  readonly run: () => Promise<void>
}

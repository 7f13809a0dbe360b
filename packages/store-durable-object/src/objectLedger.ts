import { leavesMore, SHARED_DIVISION } from "@spendfuse/core/domain"
import { type Store, StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"
import { Alarm } from "./alarm.ts"
import { type Answer, answerText, type Call, callOf } from "./calls.ts"
import { dueOfLedger } from "./due.ts"
import { OpenLedger } from "./openLedger.ts"
import type { ObjectState } from "./platform.ts"
import { NAME } from "./tables.ts"

/** What an object keeps beside its ledger, and who brings to people what it has to tell. */
export interface LedgerObjectOptions<Env> {
  /**
   * Brings what is due in this object's outbox to the notifiers, and resolves when nothing more is: `once` of a
   * `createDispatcher`. Called by the object's alarm as soon as something is due. Without it rows wait for
   * somebody who dispatches all that a `durableObjectStore` has.
   */
  readonly dispatch?: (store: Store, env: Env) => Promise<void>
  /** How many of the latest events, operators' events and dead letters an object keeps at least; 10,000 each unless given. */
  readonly eventsKept?: number
  readonly auditKept?: number
  readonly deadLettersKept?: number
  /** Told where older ones were dropped for that, or where `dispatch` failed; a warning to the console unless given. */
  readonly onNotice?: (notice: LedgerObjectNotice) => void
}

/** What an object tells beside errors. */
export interface LedgerObjectNotice {
  readonly kind: "dropped" | "dispatch-failed"
  readonly message: string
}

/** One division's ledger in its object: opened at its first call, asked one call at a time. */
export class ObjectLedger<Env> {
  readonly #state: ObjectState
  readonly #env: Env
  readonly #options: LedgerObjectOptions<Env>
  readonly #alarm: Alarm
  #opened: OpenLedger | null = null

  constructor(state: ObjectState, env: Env, options: LedgerObjectOptions<Env>) {
    this.#state = state
    this.#env = env
    this.#options = options
    this.#alarm = new Alarm(state.storage)
  }

  /** Answers a call's text with an answer's. */
  async answer(text: string): Promise<string> {
    const answer = await this.#answered(text)
    await this.#alarm.arm()
    return answerText(answer)
  }

  /** Ends what is overdue, moves circuits whose time is over, and has told what is due. */
  async ring(): Promise<void> {
    this.#alarm.rang()
    const ledger = this.#open()
    if (ledger.division === null) return
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const { outcome, eventsWritten } = ledger.expire()
      if (!leavesMore(outcome, eventsWritten)) break
    }
    await this.#dispatch(ledger)
    const nowMs = Date.now()
    this.#alarm.want(Math.max(dueOfLedger(ledger.memory.ledger), nowMs + PAUSE_MS))
    const rowMs = ledger.memory.rowDueAtMs()
    // What is still due is of a channel that nobody here serves, or could not be told.
    const again = rowMs <= nowMs ? nowMs + AGAIN_MS : rowMs
    if (this.#options.dispatch !== undefined) this.#alarm.want(again)
    await this.#alarm.arm()
  }

  async #answered(text: string): Promise<Answer> {
    try {
      const call = callOf(text)
      const ledger = this.#open()
      ledger.assertOf(call.division)
      if (needsListing(call) && !ledger.isListed) return fault("unlisted", "it is not listed")
      return { ok: true, value: (await ledger.call(call)) ?? null }
    } catch (error) {
      // The ledger is ahead of what is stored: the next call begins it anew.
      if (error instanceof StoreUnavailable) this.#state.abort(error.message)
      const detail = error instanceof Error ? error.message : "it failed"
      if (error instanceof StoreCorrupt)
        return fault("corrupt", detail.slice(detail.indexOf("read: ") + "read: ".length))
      return fault(error instanceof RangeError ? "asked-wrong" : "failed", detail)
    }
  }

  async #dispatch(ledger: OpenLedger): Promise<void> {
    const { dispatch } = this.#options
    if (dispatch === undefined) return
    try {
      await dispatch(ledger.outbox, this.#env)
    } catch (error) {
      const why = error instanceof Error ? error.name : "an error"
      this.#tell({ kind: "dispatch-failed", message: `store \`${NAME}\`: dispatch failed: ${why}` })
    }
  }

  #open(): OpenLedger {
    this.#opened ??= new OpenLedger(this.#state.storage, {
      ...this.#options,
      alarm: this.#alarm,
      tells: this.#options.dispatch !== undefined,
      onNotice: (notice) => this.#tell(notice),
    })
    return this.#opened
  }

  #tell(notice: LedgerObjectNotice): void {
    const { onNotice = ({ message }) => console.warn(`[spendfuse] ${message}`) } = this.#options
    onNotice(notice)
  }
}

const ROUNDS_MAX = 64
const PAUSE_MS = 1_000
const AGAIN_MS = 60_000

const needsListing = ({ verb, division }: Call): boolean =>
  verb === "apply" && division !== SHARED_DIVISION

const fault = (kind: (Answer & { ok: false })["fault"], detail: string): Answer => ({
  ok: false,
  fault: kind,
  detail,
})

import type { DomainEvent } from "../../domain/event.ts"
import { HOUR_MS } from "../../domain/time.ts"
import type { Store } from "../../ports/Store.ts"
import type { PlayedStore } from "../world.ts"
import type { ConformanceOptions } from "./options.ts"
import type { Batch } from "./plan.ts"
import { type Answer, eventsAfter, send, Trial } from "./trial.ts"

/** An instant long after any real one, so that no store can take the machine's clock for the suite's. */
const FIRST_MS = 1_000_000 * HOUR_MS

/** A store on trial, its clock, and the core beside it. Several histories may come one after the other. */
export class Desk {
  readonly trial: Trial
  readonly spansDivisions: boolean
  /** The batches of this history, in the order in which they were sent. */
  readonly sent: Batch[] = []
  histories = 0
  nowMs: number = FIRST_MS
  readonly options: ConformanceOptions
  #played: PlayedStore
  #cursor: string | null = null

  private constructor(options: ConformanceOptions, played: PlayedStore) {
    this.options = options
    this.spansDivisions = options.spansDivisions ?? true
    this.trial = new Trial(this.spansDivisions)
    this.#played = played
  }

  static async open(options: ConformanceOptions): Promise<Desk> {
    let desk: Desk | null = null
    const nowMs = (): number => desk?.nowMs ?? FIRST_MS
    desk = new Desk(options, await options.open({ nowMs, history: true }))
    return desk
  }

  get store(): Store {
    return this.#played.store
  }

  get played(): PlayedStore {
    return this.#played
  }

  /** Begins a history: an hour after all that was, at a full hour. Answers its number. */
  begin(): number {
    this.sent.length = 0
    this.nowMs = (Math.ceil(this.nowMs / HOUR_MS) + 1) * HOUR_MS
    this.histories += 1
    return this.histories
  }

  /** Sends a batch and judges the answers, what was told, and the accounts as they stand then. */
  async take(batch: Batch, accounts: readonly string[]): Promise<readonly Answer[]> {
    this.expect(batch)
    const answers = await send(this.store, batch)
    await this.judge(answers, batch.atMs, accounts)
    return answers
  }

  /** Sets the clock to a batch that will be sent. */
  expect(batch: Batch): void {
    this.nowMs = batch.atMs
    this.sent.push(batch)
  }

  /** Judges answers that came at one instant, what was told with them, and accounts. */
  async judge(
    answers: readonly Answer[],
    atMs: number,
    accounts: readonly string[],
  ): Promise<readonly DomainEvent[]> {
    const raised = this.trial.judge(answers, atMs)
    await this.hear(raised)
    await this.trial.judgeAccounts(this.store, accounts, this.nowMs)
    return raised
  }

  /** Reads on in the log of events: it must have these, and no more. A log may lag an instant behind. */
  async hear(raised: readonly DomainEvent[], limit?: number): Promise<void> {
    const heard: DomainEvent[] = []
    for (let tries = 0; tries < TRIES; tries += 1) {
      const { events, next } = await eventsAfter(this.store, this.#cursor, limit)
      heard.push(...events)
      this.#cursor = next
      if (heard.length >= raised.length) break
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))
    }
    this.trial.judgeLog(raised, heard)
  }

  /** A new process on the same state; the old one is closed, if it does not stay beside it. */
  async restart(): Promise<void> {
    const before = this.#played
    this.#played = await before.restart()
    await before.store.close()
  }

  /** Stores of one state, to be called at once; one and the same where there can be no second. */
  async openings(count: number): Promise<readonly PlayedStore[]> {
    if (this.options.opensBeside !== true) return [this.#played]
    const others = await Promise.all(
      Array.from({ length: count - 1 }, () => this.#played.restart()),
    )
    return [this.#played, ...others]
  }

  /** Closes all but the first. */
  async closeOthers(openings: readonly PlayedStore[]): Promise<void> {
    for (const { store } of openings) if (store !== this.store) await store.close()
  }

  async close(): Promise<void> {
    await this.store.close()
  }
}

const TRIES = 120
const PAUSE_MS = 25

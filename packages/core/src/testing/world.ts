import type { Line } from "../domain/command.ts"
import type { DomainEvent } from "../domain/event.ts"
import type { Policy } from "../domain/policy.ts"
import { SHARED_DIVISION } from "../domain/subject.ts"
import { type View, viewOf } from "../domain/view.ts"
import { Engine } from "../engine/engine.ts"
import { Operator } from "../engine/operator.ts"
import type { Numbered, Unsent } from "../engine/send.ts"
import type { Store } from "../ports/Store.ts"
import { ScenarioStore } from "./scenarioStore.ts"
import { reasonLine, type Seen } from "./seen.ts"

/** A store whose clock a scenario sets. */
export interface PlayedStore {
  readonly store: Store
  /** The same state in a new process; memory goes through JSON. */
  readonly restart: () => Promise<PlayedStore>
}

/** Opens an empty store whose clock, epoch milliseconds, the scenario sets. */
export type OpenStore = (nowMs: () => number) => Promise<PlayedStore>

interface Clock {
  /** The store's. */
  atMs: number
  /** The engine's: it chooses the periods. */
  issuedAtMs: number
}

/**
 * What a scenario is played in: a store, and one engine over it, as a host would have them. Virtual time
 * moves by steps alone; nothing waits, nothing is remembered beside the store, no heartbeat comes by itself.
 */
export class World {
  readonly clock: Clock
  readonly divisions: Set<string> = new Set([SHARED_DIVISION])
  #process = 0
  #cursor: string | undefined
  #played: PlayedStore
  #tapped: ScenarioStore
  #engine: Engine

  private constructor(clock: Clock, played: PlayedStore, policy: Policy) {
    this.clock = clock
    this.#played = played
    this.#tapped = new ScenarioStore(played.store, () => clock.issuedAtMs)
    this.#engine = this.#newEngine(policy)
  }

  static async open(startMs: number, policy: Policy, open: OpenStore): Promise<World> {
    const clock = { atMs: startMs, issuedAtMs: startMs }
    return new World(clock, await open(() => clock.atMs), policy)
  }

  get engine(): Engine {
    return this.#engine
  }

  get operator(): Operator {
    return new Operator(this.#engine)
  }

  get tapped(): ScenarioStore {
    return this.#tapped
  }

  setPolicy(policy: Policy): void {
    this.#engine.policy = policy
  }

  /** A new process: a new engine under a new name, the store's state as it was. */
  async restart(): Promise<void> {
    const { isDown } = this.#tapped
    await this.#engine.close()
    this.#played = await this.#played.restart()
    this.#tapped = new ScenarioStore(this.#played.store, () => this.clock.issuedAtMs)
    this.#tapped.isDown = isDown
    this.#engine = this.#newEngine(this.#engine.policy)
    this.#cursor = undefined
    await this.newEvents()
  }

  async close(): Promise<void> {
    await this.#engine.close()
    await this.#played.store.close()
  }

  /** Posts what waited for the store, where it answers. */
  async settleDown(): Promise<void> {
    if (this.#tapped.isDown) return
    await this.#engine.posts.flush()
    this.#engine.circuit.answered()
  }

  /** To be sent when the store answers again, as the engine posts what it could not. */
  post(unsent: Unsent, numbered: Numbered, lines: readonly Line[]): void {
    this.#engine.posts.post({ unsent, numbered, reserve: null, lines, goesFirst: true })
  }

  async newEvents(): Promise<readonly DomainEvent[]> {
    const events: DomainEvent[] = []
    for (;;) {
      const after = this.#cursor === undefined ? {} : { after: this.#cursor }
      const page = await this.#played.store.events({ ...after, limit: EVENTS_PAGE })
      events.push(...page.items)
      if (page.next !== null) this.#cursor = page.next
      if (page.items.length < EVENTS_PAGE) return events
    }
  }

  /** The account of a line as judged at the store's instant. */
  async view(line: Line): Promise<View> {
    const [read] = await this.#played.store.read([line.account])
    return viewOf(read?.account ?? null, line, this.clock.atMs)
  }

  /** An outcome with the account that it is about. */
  async seen(
    outcome: Seen["outcome"],
    lines: readonly Line[],
    how: { readonly asks?: boolean; readonly withoutStore?: boolean } = {},
  ): Promise<Seen> {
    const line = reasonLine(outcome, lines)
    const isAdmitted = outcome.kind === "reserved" || outcome.kind === "extended"
    return {
      outcome,
      line,
      view: line === null ? null : await this.view(line),
      allowed: outcome.kind === "error" ? false : how.asks === true ? isAdmitted : undefined,
      withoutStore: how.withoutStore ?? false,
    }
  }

  #newEngine(policy: Policy): Engine {
    this.#process += 1
    let names = 0
    return new Engine({
      policy,
      store: this.#tapped.store,
      prices: undefined,
      nowMs: () => this.clock.issuedAtMs,
      monotonicMs: () => 0,
      random: () => 0.5,
      newSource: () => {
        names += 1
        return `play-${this.#process}${names === 1 ? "" : `-${names}`}`
      },
      storeDeadlineMs: STORE_DEADLINE_MS,
      waitMs: 0,
      rememberRefusals: false,
      onNotice: () => undefined,
      onEvents: () => undefined,
    })
  }
}

const EVENTS_PAGE = 1_000
const STORE_DEADLINE_MS = 10_000

import { type DomainEvent, eventName } from "../domain/event.ts"
import { RequestFailed } from "../engine/errors.ts"
import { type Missed, missedOf } from "./expectations.ts"
import { playAccount, playOperator } from "./playOperator.ts"
import { Reservations } from "./playReservations.ts"
import type { Scenario } from "./scenario.ts"
import type { Step } from "./scenarioSteps.ts"
import { failed, plain, type Seen } from "./seen.ts"
import { type OpenStore, World } from "./world.ts"

/** What one step did. */
export interface Played {
  readonly step: number
  /** The store's instant, ISO. */
  readonly at: string
  readonly outcome: Seen["outcome"]
  readonly events: readonly string[]
  readonly met: boolean
  readonly missed: readonly Missed[]
}

/** How a scenario is played, where the file leaves it open. */
export interface PlayOptions {
  /** In which order the steps of a `parallel` block are handed to the store; the file's unless given. */
  readonly order?: (steps: readonly Step[]) => readonly Step[]
}

/**
 * Plays a scenario through a real engine on a store, step by step, and compares what each must show.
 * Refusals are not remembered and nothing waits, so that each step is asked.
 */
export const play = async (
  scenario: Scenario,
  open: OpenStore,
  options: PlayOptions = {},
): Promise<readonly Played[]> => {
  const world = await World.open(scenario.startMs, scenario.policy, open)
  const player = new Player(world, options.order ?? ((steps) => steps))
  const played: Played[] = []
  try {
    for (const step of scenario.steps) played.push(await player.step(step))
  } finally {
    await world.close()
  }
  return played
}

class Player {
  readonly #world: World
  readonly #reservations: Reservations
  readonly #order: (steps: readonly Step[]) => readonly Step[]

  constructor(world: World, order: (steps: readonly Step[]) => readonly Step[]) {
    this.#world = world
    this.#reservations = new Reservations(world)
    this.#order = order
  }

  async step(step: Step): Promise<Played> {
    const seen = step.verb === "parallel" ? await this.#parallel(step) : await this.#one(step)
    await this.#world.settleDown()
    const events = (await this.#world.newEvents()).map((event) => this.#named(event))
    const missed = missedOf(step, { ...seen, events })
    return {
      step: step.index,
      at: new Date(step.atMs).toISOString(),
      outcome: seen.outcome,
      events,
      met: missed.length === 0,
      missed,
    }
  }

  /** All at once; what the file gives instants of its own comes at those. */
  async #parallel(step: Step): Promise<Seen> {
    const all: Seen[] = []
    for (const together of byInstant(this.#order(step.steps)))
      all.push(...(await Promise.all(together.map((inner) => this.#one(inner)))))
    const count = (is: (seen: Seen) => boolean): number => all.filter(is).length
    return {
      ...plain("parallel"),
      outcome: {
        kind: "parallel",
        allowed: count(({ allowed }) => allowed === true),
        refused: count(({ outcome }) => outcome.kind === "refused"),
        errors: count(({ outcome }) => outcome.kind === "error"),
      },
    }
  }

  async #one(step: Step): Promise<Seen> {
    this.#world.clock.atMs = step.atMs
    this.#world.clock.issuedAtMs = step.issuedAtMs
    try {
      return await this.#play(step)
    } catch (error) {
      if (error instanceof RequestFailed) return failed(error.error, error.message)
      if ((error as { _tag?: unknown })._tag === "StoreUnavailable")
        return { ...plain("unanswered"), allowed: false, withoutStore: true }
      throw error
    }
  }

  #play(step: Step): Promise<Seen> {
    switch (step.verb) {
      case "reserve":
        return this.#reservations.reserve(step)
      case "extend":
        return this.#reservations.extend(step)
      case "settle":
        return this.#reservations.settle(step)
      case "release":
        return this.#reservations.release(step)
      case "charge":
        return this.#reservations.charge(step)
      case "acknowledge":
      case "trip":
      case "adjust":
      case "switch":
        return playOperator(this.#world, step)
      case "account":
        return playAccount(this.#world, step)
      case "parallel":
        return this.#parallel(step)
      case "expire":
      case "policy":
      case "restart":
      case "store":
        return this.#turn(step)
    }
  }

  /** What happens to the engine and its store. */
  async #turn({ verb, policy, json }: Step): Promise<Seen> {
    const world = this.#world
    switch (verb) {
      case "expire": {
        const reservations: string[] = []
        for (const division of world.divisions) {
          const outcome = await world.operator.expire(division)
          if (outcome.kind === "expired") reservations.push(...outcome.reservations)
        }
        return { ...plain("expired"), outcome: { kind: "expired", reservations } }
      }
      case "policy":
        if (policy !== null) world.setPolicy(policy)
        return plain("policy")
      case "restart":
        await world.restart()
        this.#reservations.forgetHolds()
        return plain("restarted")
      default:
        world.tapped.isDown = json.store === "down"
        return plain(String(json.store))
    }
  }

  /** Events name reservations by the file's own IDs. */
  #named(event: DomainEvent): string {
    const name = event.kind === "expired" ? this.#reservations.nameOf(event.reservation) : undefined
    return name === undefined ? eventName(event) : `expired ${name}`
  }
}

/** Neighbours of the same instants. */
const byInstant = (steps: readonly Step[]): readonly (readonly Step[])[] => {
  const groups: Step[][] = []
  for (const step of steps) {
    const last = groups.at(-1)
    const [first] = last ?? []
    if (first?.atMs === step.atMs && first.issuedAtMs === step.issuedAtMs) last?.push(step)
    else groups.push([step])
  }
  return groups
}

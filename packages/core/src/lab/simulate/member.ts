import type { Subject } from "../../domain/subject.ts"
import type { EpochMs } from "../../domain/time.ts"
import type { Actor } from "../../edge/fleet/fleet.ts"
import type { FleetCall } from "./guard.ts"
import { Random } from "./random.ts"

/** How a call ended. */
export type Ending =
  | { readonly kind: "done" }
  | { readonly kind: "failed" }
  | { readonly kind: "refused"; readonly untilMs: EpochMs | null }

/** One of the times that a call is asked for. */
export interface Attempt {
  /** The provider will answer with an error. */
  readonly isFailing: boolean
  /** How often the same call has failed before. */
  readonly failures: number
  /** How often the same call was refused before. */
  readonly refusals: number
}

/** Where members make their calls. */
export interface Stage {
  readonly nowMs: EpochMs
  readonly at: (atMs: EpochMs, task: () => void) => void
  readonly make: (call: FleetCall, attempt: Attempt, then: (ending: Ending) => void) => void
  /** Somebody has stopped this actor. */
  readonly isStopped: (actor: Actor) => boolean
}

/**
 * One of those whom an actor's `count` names, or one task of it: it draws its calls from a stream of numbers of
 * its own, and makes each until it is done or given up.
 */
export class Member {
  readonly actor: Actor
  readonly stage: Stage
  readonly random: Random
  readonly #name: string
  readonly #subject: Subject
  #hasStopped = false

  /** @param name what its numbers come from */
  constructor(actor: Actor, stage: Stage, name: string, subject: Subject) {
    this.actor = actor
    this.stage = stage
    this.random = new Random(name)
    this.#name = name
    this.#subject = subject
  }

  /** Another with numbers of its own, for the same subject unless one is given. */
  child(name: string, subject: Subject = this.#subject): Member {
    return new Member(this.actor, this.stage, `${this.#name}/${name}`, subject)
  }

  get isOver(): boolean {
    const { actor, stage } = this
    return this.#hasStopped || stage.nowMs >= actor.untilMs || stage.isStopped(actor)
  }

  /** Makes one call, again where it fails or is refused and the actor does that; `then` hears whether it was done. */
  call(extraInput: number, then: (isDone: boolean) => void): void {
    this.#attempt(this.#draw(extraInput), { failures: 0, refusals: 0 }, then)
  }

  /** What is drawn for a call does not depend on what becomes of others. */
  #draw(extraInput: number): FleetCall {
    const { actor, random, stage } = this
    const isDuring = (share: Actor["injected"]): boolean =>
      share !== null &&
      random.isIn(share.millionths) &&
      stage.nowMs >= share.fromMs &&
      stage.nowMs < share.untilMs
    return {
      actor,
      subject: this.#subject,
      inputTokens: random.of(actor.input) + extraInput,
      outputTokens: random.of(actor.output),
      takesMs: Math.max(1, random.of(actor.takesMs)),
      isInjected: isDuring(actor.injected),
      isCancelled: isDuring(actor.cancels),
    }
  }

  #attempt(
    call: FleetCall,
    { failures, refusals }: Omit<Attempt, "isFailing">,
    then: (isDone: boolean) => void,
  ): void {
    if (this.isOver) then(false)
    else
      this.stage.make(call, { isFailing: this.#isFailing(), failures, refusals }, (ending) => {
        const againAtMs = this.#again(ending, failures)
        if (againAtMs === null) then(ending.kind === "done")
        else {
          const tried =
            ending.kind === "failed"
              ? { failures: failures + 1, refusals }
              : { failures, refusals: refusals + 1 }
          this.stage.at(againAtMs, () => this.#attempt(call, tried, then))
        }
      })
  }

  /** When it tries again; null where it does not. */
  #again(ending: Ending, failures: number): EpochMs | null {
    const { fails, refused, retryAfterMs } = this.actor
    const { nowMs } = this.stage
    if (ending.kind === "done") return null
    if (ending.kind === "failed")
      return fails === null || failures >= fails.retries ? null : nowMs + fails.afterMs
    switch (refused) {
      case "skip":
        return null
      case "stop":
        this.#hasStopped = true
        return null
      case "retry":
        return nowMs + retryAfterMs
      case "wait":
        return Math.max(nowMs + retryAfterMs, ending.untilMs ?? 0)
    }
  }

  #isFailing(): boolean {
    const { fails } = this.actor
    const { nowMs } = this.stage
    return (
      fails !== null &&
      this.random.isIn(fails.millionths) &&
      nowMs >= fails.fromMs &&
      nowMs < fails.untilMs
    )
  }
}

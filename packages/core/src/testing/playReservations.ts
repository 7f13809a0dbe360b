import type { Command, CommandId, Line, Reserve } from "../domain/command.ts"
import type { Outcome } from "../domain/outcome.ts"
import { SHARED_DIVISION, type Subject } from "../domain/subject.ts"
import { NOTHING } from "../domain/terms.ts"
import { parseDuration } from "../domain/time.ts"
import { type Asked, RESERVATION_MS } from "../engine/asked.ts"
import type { Admitted } from "../engine/decision.ts"
import { RequestFailed } from "../engine/errors.ts"
import type { CallRequest } from "../engine/request.ts"
import type { Numbered, Unsent } from "../engine/send.ts"
import { amountsOf, countOf } from "./amounts.ts"
import { type Json, record } from "./json.ts"
import type { Step } from "./scenarioSteps.ts"
import { failed, plain, type Seen } from "./seen.ts"
import type { World } from "./world.ts"

/** A reservation that a file named: its hold in the engine that made it, and what was sent about it. */
interface Known {
  readonly held: Admitted
  /** Null where the store was never asked. */
  readonly reserve: Reserve | null
  readonly lines: readonly Line[]
  readonly division: string
  /** The hold is the engine's to settle: it runs, and no step went past the engine. */
  isOwn: boolean
  settles: number
  lastSettle: string
}

const NOBODY: CommandId = { source: "nobody", n: 1 }

/**
 * Plays calls through the engine. What no engine would send (the same command again, an older `seq`, a
 * settle of what has ended) is handed to the store under the number that the file means.
 */
export class Reservations {
  readonly #world: World
  readonly #known = new Map<string, Known>()
  readonly #numbered = new Map<string, Numbered>()

  constructor(world: World) {
    this.#world = world
  }

  /** The file's name of a reservation, for events. */
  nameOf(reservation: string): string | undefined {
    for (const [name, { held }] of this.#known) if (held.reservation === reservation) return name
    return undefined
  }

  /** The engine is new: no hold of the old one is its own. */
  forgetHolds(): void {
    for (const known of this.#known.values()) known.isOwn = false
  }

  async reserve({ json, issuedAtMs }: Step): Promise<Seen> {
    const name = json.reserve
    if (!isId(name)) return badId("reserve")
    const asked = askedOf(json)
    const known = this.#known.get(name)
    if (known !== undefined) return this.#again(known, asked, issuedAtMs)
    const { engine, tapped } = this.#world
    const { lines, division } = engine.planOf(asked.request, issuedAtMs)
    this.#world.divisions.add(division)
    let pending: ReturnType<typeof engine.attempt> | undefined
    const handed = tapped.handedBy(() => {
      pending = engine.attempt(asked)
    })
    const decision = await pending
    if (decision === undefined) throw new Error("the engine did not decide")
    if (!decision.allowed) {
      const { reason, obstacles, untilMs, withoutStore } = decision
      const outcome = { kind: "refused", reason, obstacles, untilMs }
      return this.#world.seen(outcome, lines, { asks: true, withoutStore })
    }
    const reserve = handed?.command.kind === "reserve" ? handed.command : null
    this.#known.set(name, {
      held: decision,
      reserve,
      lines,
      division,
      isOwn: true,
      settles: 0,
      lastSettle: "",
    })
    const { withoutStore, maxOutputTokens } = decision
    const outcome = { kind: "reserved", granted: maxOutputTokens ?? 0 }
    return this.#world.seen(outcome, lines, { asks: true, withoutStore })
  }

  async extend({ json, issuedAtMs }: Step): Promise<Seen> {
    if (json.id !== undefined && !isId(json.id)) return badId("id")
    const known = this.#find(json.extend)
    const unsent: Unsent = {
      kind: "extend",
      division: known?.division ?? SHARED_DIVISION,
      reservation: idOf(known),
      issuedAtMs,
      base: amountsOf(json.amount, 0),
      ...unitsOf(json),
      expiresAtMs:
        json.expiresIn === undefined ? null : issuedAtMs + lifeOf(json.expiresIn, Number.NaN),
    }
    const lines = known?.lines ?? []
    const numbered = await this.#number(unsent, isId(json.id) ? `extend ${json.id}` : null)
    const outcome = await this.#send(numbered)
    if (outcome !== null) return this.#world.seen(outcome, lines, { asks: true })
    const refused = { kind: "refused", reason: "store-unavailable", obstacles: [], untilMs: null }
    return this.#world.seen(refused, lines, { asks: true, withoutStore: true })
  }

  async settle({ json }: Step): Promise<Seen> {
    const known = this.#find(json.settle)
    const content = JSON.stringify([json.actual, json.final ?? true])
    const isRetry = json.seq === undefined && known?.lastSettle === content
    if (known !== undefined && !isRetry) {
      known.settles += 1
      known.lastSettle = content
    }
    if (known?.isOwn === true && json.seq === undefined && !isRetry)
      return this.#settleOwn(known, json)
    if (known?.held.withoutStore === true) return plain("posted")
    if (known !== undefined && !isRetry) known.isOwn = false
    const seq = countOf(json.seq, Math.max(1, known?.settles ?? 1))
    const before = known && isRetry ? this.#world.tapped.about("settle", idOf(known)) : null
    const unsent: Unsent = {
      kind: "settle",
      division: known?.division ?? SHARED_DIVISION,
      reservation: idOf(known),
      seq,
      actual: amountsOf(json.actual, 1),
      final: json.final !== false,
    }
    const named = json.seq === undefined ? null : `settle ${String(json.settle)} ${seq} ${content}`
    const numbered =
      before === null
        ? await this.#number(unsent, named)
        : { command: before.command, firstSentAtMs: 0 }
    return this.#handed(numbered, unsent, known)
  }

  async release({ json }: Step): Promise<Seen> {
    const known = this.#find(json.release)
    const unsent: Unsent = {
      kind: "release",
      division: known?.division ?? SHARED_DIVISION,
      reservation: idOf(known),
    }
    if (known?.isOwn !== true) {
      if (known?.held.withoutStore === true) return plain("released")
      return this.#handed(await this.#number(unsent, null), unsent, known)
    }
    known.isOwn = false
    await known.held.release()
    return this.#answerAbout("release", known)
  }

  async charge({ json, issuedAtMs }: Step): Promise<Seen> {
    if (!isId(json.charge)) return badId("charge")
    const { engine, divisions } = this.#world
    const { lines, division } = engine.planOf(requestOf(json), issuedAtMs)
    divisions.add(division)
    const amounts = amountsOf(json.amount, 1)
    const unsent: Unsent = { kind: "charge", division, lines, amounts, ends: null }
    const numbered = await this.#number(unsent, `charge ${json.charge}`)
    const outcome = await this.#send(numbered)
    if (outcome !== null) return this.#world.seen(outcome, lines)
    this.#world.post(unsent, numbered, lines)
    return plain("posted")
  }

  /** The same command again, as an engine sends it that missed the answer; with other content, a conflict. */
  async #again(known: Known, asked: Asked, issuedAtMs: number): Promise<Seen> {
    const { reserve, lines } = known
    if (reserve === null)
      return this.#world.seen(
        { kind: "reserved", granted: known.held.maxOutputTokens ?? 0 },
        lines,
        {
          asks: true,
          withoutStore: true,
        },
      )
    const { base, perUnit, units } = asked.estimate
    const plan = this.#world.engine.planOf(asked.request, issuedAtMs)
    const command: Reserve = {
      ...reserve,
      issuedAtMs,
      lines: plan.lines,
      switches: plan.switches,
      base,
      perUnit,
      units,
      via: asked.via,
      expiresAtMs: issuedAtMs + (asked.request.expiresInMs ?? RESERVATION_MS),
    }
    const outcome = await this.#send({ command, firstSentAtMs: 0 })
    return outcome === null
      ? { ...plain("unanswered"), withoutStore: true }
      : this.#world.seen(outcome, plan.lines, { asks: true })
  }

  async #settleOwn(known: Known, json: Json): Promise<Seen> {
    const final = json.final !== false
    if (final) known.isOwn = false
    await known.held.settle({ amounts: amountsOf(json.actual, 1), final })
    return this.#answerAbout("settle", known)
  }

  /** What the store said to what the engine sent; nothing where it waits to be posted. */
  async #answerAbout(kind: Command["kind"], known: Known): Promise<Seen> {
    const outcome = this.#world.tapped.about(kind, idOf(known))?.outcome ?? null
    return outcome === null ? plain("posted") : this.#world.seen(outcome, known.lines)
  }

  async #handed(numbered: Numbered, unsent: Unsent, known: Known | undefined): Promise<Seen> {
    const outcome = await this.#send(numbered)
    if (outcome !== null) return this.#world.seen(outcome, known?.lines ?? [])
    this.#world.post(unsent, numbered, known?.lines ?? [])
    return plain("posted")
  }

  async #number(unsent: Unsent, name: string | null): Promise<Numbered> {
    const { sender } = this.#world.engine
    const before = name === null ? undefined : this.#numbered.get(name)
    if (before !== undefined) {
      const { id, done } = before.command
      return { ...before, command: { ...unsent, id, done } as Command }
    }
    const numbered = await sender.number(unsent)
    if (name !== null) this.#numbered.set(name, numbered)
    return numbered
  }

  async #send(numbered: Numbered): Promise<Outcome | null> {
    try {
      return await this.#world.engine.sender.send(numbered)
    } catch (error) {
      if ((error as { _tag?: unknown })._tag === "StoreUnavailable") return null
      throw error
    }
  }

  #find(name: unknown): Known | undefined {
    if (!isId(name))
      throw new RequestFailed("invalid-command", "the reservation's id is not a text")
    return this.#known.get(name)
  }
}

const isId = (value: unknown): value is string => typeof value === "string" && value !== ""

const badId = (field: string): Seen =>
  failed("invalid-command", `\`${field}\` is not a text with a letter`)

const idOf = (known: Known | undefined): CommandId => known?.reserve?.id ?? NOBODY

const requestOf = (json: Json): CallRequest => ({
  subject: json.subject as Subject,
  ...(typeof json.model === "string" && { model: json.model }),
  ...(typeof json.provider === "string" && { provider: json.provider }),
  ...(json.expiresIn !== undefined && { expiresInMs: lifeOf(json.expiresIn, Number.NaN) }),
})

const askedOf = (json: Json): Asked => ({
  request: requestOf(json),
  via: typeof json.via === "string" ? json.via : null,
  estimate: { base: amountsOf(json.amount, 1), ...unitsOf(json), limitTokens: null, source: null },
})

const unitsOf = (json: Json) => {
  const units = record(json.units)
  if (units === null) return { perUnit: NOTHING, units: { least: 0, most: 0 } }
  return {
    perUnit: amountsOf(units.perUnit, 0),
    units: { least: countOf(units.least, 0), most: countOf(units.most, 0) },
  }
}

const lifeOf = (json: unknown, otherwise: number): number =>
  (typeof json === "string" ? parseDuration(json) : undefined) ?? otherwise

import type { Command, CommandId, Line } from "../domain/command.ts"
import { compile, type Plan } from "../domain/compile.ts"
import { type DomainEvent, eventName } from "../domain/event.ts"
import type { Outcome } from "../domain/outcome.ts"
import type { Policy } from "../domain/policy.ts"
import { SHARED_DIVISION, type Subject, switchKey } from "../domain/subject.ts"
import { type Amounts, NOTHING } from "../domain/terms.ts"
import { parseDuration } from "../domain/time.ts"
import { type View, viewOf } from "../domain/view.ts"
import type { Store } from "../ports/Store.ts"
import { amountIn, amountsOf } from "./amounts.ts"
import { type Missed, missedOf, type Seen } from "./expectations.ts"
import { offsetOrInstant, record, type Scenario, type Step } from "./scenario.ts"

/** A store whose clock a scenario sets. */
export interface PlayedStore {
  readonly store: Store
  /** The same state in a new process; memory goes through JSON. */
  readonly restart: () => Promise<PlayedStore>
}

export type OpenStore = (nowMs: () => number) => Promise<PlayedStore>

/** What one step did. */
export interface Played {
  readonly step: number
  readonly at: string
  readonly outcome: Seen["outcome"]
  readonly events: readonly string[]
  readonly met: boolean
  readonly missed: readonly Missed[]
}

/**
 * Plays a scenario on a store, step by step, and compares what each must show. The store gets commands as
 * an engine would send them; refusals are not remembered, so that each step is asked.
 */
export const play = async (scenario: Scenario, open: OpenStore): Promise<readonly Played[]> => {
  const player = new Player(scenario)
  await player.open(open)
  const played: Played[] = []
  for (const step of scenario.steps) played.push(await player.step(step))
  await player.close()
  return played
}

interface Known {
  readonly id: CommandId
  readonly division: string
  readonly plan: Plan | null
  settles: number
  lastSettle: string
  withoutStore: boolean
}

class Player {
  #policy: Policy
  #nowMs: number
  #played: PlayedStore | null = null
  #process = 1
  #n = 0
  #isDown = false
  #cursor: string | undefined
  readonly #known = new Map<string, Known>()
  readonly #posts: Command[] = []
  readonly #last = new Map<string, View>()

  constructor(scenario: Scenario) {
    this.#policy = scenario.policy
    this.#nowMs = scenario.startMs
  }

  async open(open: OpenStore): Promise<void> {
    this.#played = await open(() => this.#nowMs)
  }

  async close(): Promise<void> {
    await this.#store.close()
  }

  async step(step: Step): Promise<Played> {
    this.#nowMs = step.atMs
    const seen = step.verb === "parallel" ? await this.#parallel(step) : await this.#one(step)
    const events = (await this.#newEvents()).map((event) => this.#named(event))
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

  get #store(): Store {
    if (this.#played === null) throw new Error("the player has no store")
    return this.#played.store
  }

  async #parallel(step: Step): Promise<Seen> {
    const all: Seen[] = []
    for (const inner of step.steps) {
      this.#nowMs = inner.atMs
      all.push(await this.#one(inner))
    }
    const count = (is: (seen: Seen) => boolean): number => all.filter(is).length
    const errors = count(({ outcome }) => outcome.kind === "error")
    const allowed = count(({ allowed: admitted }) => admitted === true)
    return {
      outcome: {
        kind: "parallel",
        allowed,
        refused: count(({ outcome }) => outcome.kind === "refused"),
        errors,
      },
      line: null,
      view: null,
      allowed: undefined,
      withoutStore: false,
    }
  }

  async #one(step: Step): Promise<Seen> {
    switch (step.verb) {
      case "reserve":
        return this.#reserve(step)
      case "extend":
        return this.#extend(step)
      case "settle":
        return this.#settle(step)
      case "release":
        return this.#release(step)
      case "charge":
        return this.#charge(step)
      case "acknowledge":
      case "trip":
      case "adjust":
      case "switch":
        return this.#operator(step)
      case "expire":
        return this.#send(
          { kind: "expire", id: this.#next(), done: 0, division: SHARED_DIVISION },
          null,
        )
      case "account":
        return this.#account(step)
      case "policy":
        if (step.policy !== null) this.#policy = step.policy
        return nothing("policy")
      case "restart":
        return this.#restart()
      case "store":
        return this.#turn(step.json.store === "down")
      case "parallel":
        return this.#parallel(step)
    }
  }

  async #reserve({ json, issuedAtMs }: Step): Promise<Seen> {
    const name = String(json.reserve)
    const plan = this.#plan(json, issuedAtMs)
    if ("error" in plan) return failed(plan.error)
    const known = this.#knownOf(name, plan)
    const units = record(json.units)
    const expiresIn = typeof json.expiresIn === "string" ? parseDuration(json.expiresIn) : 600_000
    const command: Command = {
      kind: "reserve",
      id: known.id,
      done: 0,
      division: plan.division,
      issuedAtMs,
      lines: plan.lines,
      switches: plan.switches,
      base: amountsOf(json.amount, 1),
      perUnit: units === null ? NOTHING : amountsOf(units.perUnit, 0),
      units: { least: Number(units?.least ?? 0), most: Number(units?.most ?? 0) },
      expiresAtMs: issuedAtMs + (expiresIn ?? Number.NaN),
      via: typeof json.via === "string" ? json.via : null,
      swallowed: 0,
    }
    if (this.#isDown) return this.#withoutStore(known, plan, command.base)
    const seen = await this.#send(command, plan.lines)
    // A refusal is not kept: asking again is asking anew, under a new number.
    if (seen.outcome.kind === "refused" || seen.outcome.kind === "error") {
      const isOwn = seen.outcome.kind === "refused" || seen.outcome.error !== "conflict"
      if (isOwn && known.settles === 0 && !seen.wasKnown) this.#known.delete(name)
    }
    return seen
  }

  async #extend({ json, issuedAtMs }: Step): Promise<Seen> {
    const known = this.#known.get(String(json.extend))
    const units = record(json.units)
    const expiresIn = typeof json.expiresIn === "string" ? parseDuration(json.expiresIn) : null
    return this.#send(
      {
        kind: "extend",
        id: this.#named1(json.id),
        done: 0,
        division: known?.division ?? SHARED_DIVISION,
        reservation: known?.id ?? UNKNOWN,
        issuedAtMs,
        base: amountsOf(json.amount, 0),
        perUnit: units === null ? NOTHING : amountsOf(units.perUnit, 0),
        units: { least: Number(units?.least ?? 0), most: Number(units?.most ?? 0) },
        expiresAtMs: expiresIn == null ? null : issuedAtMs + expiresIn,
      },
      known?.plan?.lines ?? null,
    )
  }

  async #settle({ json }: Step): Promise<Seen> {
    const known = this.#known.get(String(json.settle))
    const content = JSON.stringify([json.actual, json.final])
    const isRetry = known !== undefined && json.seq === undefined && known.lastSettle === content
    if (known !== undefined && !isRetry) {
      known.settles += 1
      known.lastSettle = content
    }
    const seq = json.seq === undefined ? Math.max(1, known?.settles ?? 1) : Number(json.seq)
    const name = `settle ${String(json.settle)} ${known?.id.n} ${seq} ${content}`
    const amounts = amountsOf(json.actual, 1)
    if (known?.withoutStore === true) {
      this.#posts.push(this.#chargeOf(known, amounts))
      return nothing("posted")
    }
    const command: Command = {
      kind: "settle",
      id: this.#named1(isRetry || json.seq !== undefined ? name : undefined, name),
      done: 0,
      division: known?.division ?? SHARED_DIVISION,
      reservation: known?.id ?? UNKNOWN,
      seq,
      actual: amounts,
      final: json.final !== false,
    }
    if (this.#isDown) {
      this.#posts.push(command)
      return nothing("posted")
    }
    return this.#send(command, known?.plan?.lines ?? null)
  }

  async #release({ json }: Step): Promise<Seen> {
    const known = this.#known.get(String(json.release))
    if (known?.withoutStore === true) return nothing("released")
    const command: Command = {
      kind: "release",
      id: this.#next(),
      done: 0,
      division: known?.division ?? SHARED_DIVISION,
      reservation: known?.id ?? UNKNOWN,
    }
    if (!this.#isDown) return this.#send(command, known?.plan?.lines ?? null)
    this.#posts.push(command)
    return nothing("posted")
  }

  async #charge({ json, issuedAtMs }: Step): Promise<Seen> {
    const plan = this.#plan(json, issuedAtMs)
    if ("error" in plan) return failed(plan.error)
    const { id } = this.#knownOf(`charge ${String(json.charge)}`, plan)
    const command = {
      kind: "charge",
      id,
      done: 0,
      division: plan.division,
      lines: plan.lines,
      amounts: amountsOf(json.amount, 1),
      ends: null,
    } as const
    if (!this.#isDown) return this.#send(command, plan.lines)
    this.#posts.push(command)
    return nothing("posted")
  }

  async #operator({ verb, json, issuedAtMs }: Step): Promise<Seen> {
    const head = {
      id: typeof json.id === "string" ? { source: `operator:${json.id}`, n: 1 } : this.#next(),
      done: 0,
      by: String(json.by ?? ""),
      why: String(json.why ?? ""),
    }
    if (verb === "switch") {
      const [[dimension = "", value = ""] = []] = Object.entries(record(json.switch) ?? {})
      const until =
        typeof json.until === "string" ? offsetOrInstant(json.until, issuedAtMs) : undefined
      const state = json.state === "on" ? "on" : "off"
      return this.#send(
        {
          ...head,
          kind: "switch",
          division: SHARED_DIVISION,
          switch: switchKey(dimension, String(value)),
          state,
          untilMs: until ?? null,
        },
        null,
      )
    }
    const atMs =
      typeof json.period === "string"
        ? (offsetOrInstant(json.period, issuedAtMs) ?? issuedAtMs)
        : issuedAtMs
    const line = this.#lineOf(json[verb], atMs)
    if (line === null) return failed("missing-dimension")
    const { account, division } = line
    const view = await this.#view(line)
    if (verb === "trip") {
      const coolDownMs =
        typeof json.coolDown === "string" ? parseDuration(json.coolDown) : 3_600_000
      return this.#send(
        { ...head, kind: "trip", division, account, coolDownMs: coolDownMs ?? Number.NaN },
        [line],
      )
    }
    const { unit } = line.terms
    if (verb === "adjust")
      return this.#send(
        {
          ...head,
          kind: "adjust",
          division,
          line,
          amount: amountIn(unit, json.amount) ?? Number.NaN,
        },
        [line],
      )
    return this.#send(
      {
        ...head,
        kind: "acknowledge",
        division,
        account,
        generation: Number(json.generation ?? view.generation),
        upTo:
          json.upTo === undefined
            ? Math.max(view.settled + view.held, view.level)
            : (amountIn(unit, json.upTo) ?? Number.NaN),
        allow: json.allow === undefined ? null : (amountIn(unit, json.allow) ?? Number.NaN),
        line,
      },
      [line],
    )
  }

  async #account({ json, issuedAtMs }: Step): Promise<Seen> {
    const asOf =
      typeof json.asOf === "string"
        ? (offsetOrInstant(json.asOf, issuedAtMs) ?? issuedAtMs)
        : issuedAtMs
    const line = this.#lineOf(json.account, asOf)
    if (line === null) return failed("missing-dimension")
    const view = await this.#view(line)
    return {
      outcome: { kind: "account", ...view },
      line,
      view,
      allowed: undefined,
      withoutStore: false,
    }
  }

  async #restart(): Promise<Seen> {
    const before = this.#played
    if (before !== null) this.#played = await before.restart()
    this.#process += 1
    this.#n = 0
    this.#cursor = undefined
    await this.#newEvents()
    return nothing("restarted")
  }

  async #turn(down: boolean): Promise<Seen> {
    this.#isDown = down
    if (down) return nothing("down")
    for (const command of this.#posts.splice(0)) {
      const [applied] = await this.#store.apply([command])
      if (applied?.outcome.kind === "error" && applied.outcome.error === "unknown-source")
        await this.#store.apply([{ ...command, id: this.#next() }])
    }
    return nothing("up")
  }

  /** What the policy says where the store does not answer; the last known state is what was seen before. */
  #withoutStore(known: Known, plan: Plan, base: Amounts): Seen {
    const { onStoreUnavailable: rule } = this.#policy
    const latched = plan.lines.some(({ account }) => this.#last.get(account)?.circuit === "latched")
    const fits = (line: Line): boolean => {
      if (rule.kind !== "degrade") return rule.kind === "allow"
      const last = this.#last.get(line.account)
      if (last === undefined) return false
      return (
        base[line.terms.unit] <= Math.floor((last.remaining * rule.sharePercent) / 100 / rule.hosts)
      )
    }
    if (latched || !plan.lines.every(fits))
      return {
        ...nothing("refused"),
        outcome: { kind: "refused", reason: "store-unavailable" },
        allowed: false,
        withoutStore: true,
      }
    known.withoutStore = true
    return { ...nothing("reserved"), allowed: true, withoutStore: true }
  }

  #chargeOf(known: Known, amounts: Amounts): Command {
    const { division, plan } = known
    return {
      kind: "charge",
      id: this.#next(),
      done: 0,
      division,
      lines: plan?.lines ?? [],
      amounts,
      ends: null,
    }
  }

  async #send(
    command: Command,
    lines: readonly Line[] | null,
  ): Promise<Seen & { wasKnown?: boolean }> {
    const [applied] = await this.#store.apply([command])
    const outcome: Outcome = applied?.outcome ?? {
      kind: "error",
      error: "invalid-command",
      detail: "",
    }
    const line = reasonLine(outcome, lines)
    const view = line === null ? null : await this.#view(line)
    for (const each of lines ?? []) this.#last.set(each.account, await this.#view(each))
    const allowed =
      command.kind === "reserve" || command.kind === "extend"
        ? outcome.kind === "reserved" || outcome.kind === "extended"
        : undefined
    return {
      outcome,
      line,
      view,
      allowed: outcome.kind === "error" ? false : allowed,
      withoutStore: false,
      wasKnown: outcome.replayed === true,
    }
  }

  async #view(line: Line): Promise<View> {
    const [read] = await this.#store.read([line.account])
    return viewOf(read?.account ?? null, line, this.#nowMs)
  }

  async #newEvents(): Promise<readonly DomainEvent[]> {
    const after = this.#cursor === undefined ? {} : { after: this.#cursor }
    const page = await this.#store.events({ ...after, limit: 10_000 })
    if (page.next !== null) this.#cursor = page.next
    return page.items
  }

  #plan(
    json: Readonly<Record<string, unknown>>,
    issuedAtMs: number,
  ): Plan | { error: "missing-dimension" | "invalid-command" } {
    const subject = record(json.subject)
    if (
      subject === null ||
      Object.values(subject).some((value) => typeof value !== "string") ||
      Object.hasOwn(subject, "platform")
    )
      return { error: "invalid-command" }
    const plan = compile(this.#policy, subject as Subject, issuedAtMs, {
      ...(typeof json.model === "string" && { model: json.model }),
      ...(typeof json.provider === "string" && { provider: json.provider }),
    })
    return "missing" in plan ? { error: "missing-dimension" } : plan
  }

  #lineOf(json: unknown, atMs: number): Line | null {
    const of = record(json)
    const budget = this.#policy.budgets.find(({ id }) => id === of?.budget)
    if (budget === undefined) return null
    const { match: _, ...always } = budget
    const plan = compile(
      { ...this.#policy, budgets: [always] },
      (record(of?.subject) ?? {}) as Subject,
      atMs,
    )
    return "missing" in plan ? null : (plan.lines[0] ?? null)
  }

  #knownOf(name: string, plan: Plan): Known {
    const found = this.#known.get(name)
    if (found !== undefined) return found
    const made: Known = {
      id: this.#next(),
      division: plan.division,
      plan,
      settles: 0,
      lastSettle: "",
      withoutStore: false,
    }
    this.#known.set(name, made)
    return made
  }

  /** The number of a command that the file names; a new one where it does not. */
  #named1(name: unknown, key = name): CommandId {
    if (key === undefined) return this.#next()
    const found = this.#known.get(`id ${String(key)}`)
    if (found !== undefined && name !== undefined) return found.id
    const id = this.#next()
    this.#known.set(`id ${String(key)}`, {
      id,
      division: "",
      plan: null,
      settles: 0,
      lastSettle: "",
      withoutStore: false,
    })
    return id
  }

  #next(): CommandId {
    this.#n += 1
    return { source: `play-${this.#process}`, n: this.#n }
  }

  /** Events name reservations by the file's own IDs. */
  #named(event: DomainEvent): string {
    if (event.kind !== "expired") return eventName(event)
    for (const [name, { id, plan }] of this.#known)
      if (plan !== null && `${id.source}/${id.n}` === event.reservation) return `expired ${name}`
    return eventName(event)
  }
}

const UNKNOWN: CommandId = { source: "nobody", n: 1 }

const nothing = (kind: string): Seen => ({
  outcome: { kind },
  line: null,
  view: null,
  allowed: undefined,
  withoutStore: false,
})

const failed = (error: string): Seen => ({
  ...nothing("error"),
  outcome: { kind: "error", error },
  allowed: false,
})

/** The line that the reason is about; the first one where there is none. */
const reasonLine = (outcome: Outcome, lines: readonly Line[] | null): Line | null => {
  if (lines === null) return null
  if (outcome.kind !== "refused") return lines[0] ?? null
  const obstacle = outcome.obstacles.find(({ reason }) => reason === outcome.reason)
  return obstacle?.kind === "line"
    ? (lines.find(({ account }) => account === obstacle.account) ?? null)
    : null
}

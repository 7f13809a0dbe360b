import type { Subject } from "../../domain/subject.ts"
import type { Actor, Pace } from "../../edge/fleet/fleet.ts"
import { filledIn } from "../../edge/fleet/template.ts"
import { Member, type Stage } from "./member.ts"

/** Sets all members of an actor going. */
export const begin = (actor: Actor, stage: Stage, seed: number): void => {
  for (let n = 1; n <= actor.count; n += 1) {
    const subject = subjectOf(actor, { n: String(n), task: "1" })
    const member = new Member(actor, stage, `${seed}/${actor.name}/${n}`, subject)
    stage.at(actor.fromMs, () => pace(member, n))
  }
}

const pace = (member: Member, n: number): void => {
  const { pace: how } = member.actor
  switch (how.kind) {
    case "human":
      human(member, how)
      break
    case "agent":
      agent(member, how, n)
      break
    case "batch":
      batch(member, how)
      break
    case "loop":
      loop(member, how)
      break
  }
}

const subjectOf = ({ subject }: Actor, values: Readonly<Record<string, string>>): Subject =>
  Object.fromEntries(
    Object.entries(subject).map(([dimension, template]) => [dimension, filledIn(template, values)]),
  )

type Of<Kind extends Pace["kind"]> = Extract<Pace, { kind: Kind }>

/** Thinks, asks, reads the answer, thinks. */
const human = (member: Member, { everyMs }: Of<"human">): void => {
  const { stage, random } = member
  stage.at(stage.nowMs + random.waitMs(everyMs), () => {
    if (member.isOver) return
    member.call(0, () => human(member, { kind: "human", everyMs }))
  })
}

/** Tasks come whether or not those before are over. */
const agent = (member: Member, how: Of<"agent">, n: number): void => {
  const { stage, random, actor } = member
  let task = 0
  const next = (): void => {
    if (member.isOver) return
    task += 1
    const subject = subjectOf(actor, { n: String(n), task: String(task) })
    work(member.child(`task ${task}`, subject), how, how.spawns?.depth ?? 0)
    if (how.everyMs !== null) stage.at(stage.nowMs + random.waitMs(how.everyMs), next)
  }
  next()
}

/** One task: each turn carries what was said before; a turn may set children going beside it. */
const work = (member: Member, how: Of<"agent">, depth: number): void => {
  const { stage, random } = member
  const turns = random.of(how.turns)
  const turn = (done: number): void => {
    if (done >= turns || member.isOver) return
    member.call(done * how.grows, (isDone) => {
      if (isDone) spawn(member, how, depth, done)
      stage.at(stage.nowMs + random.of(how.thinksMs), () => turn(done + 1))
    })
  }
  turn(0)
}

const spawn = (member: Member, how: Of<"agent">, depth: number, turn: number): void => {
  const { spawns } = how
  if (spawns === null || depth === 0 || !member.random.isIn(spawns.millionths)) return
  const count = member.random.of(spawns.count)
  for (let child = 1; child <= count; child += 1)
    work(member.child(`${turn}.${child}`), how, depth - 1)
}

/** Some workers, each of which takes the next item when it is free. */
const batch = (member: Member, { items, parallel }: Of<"batch">): void => {
  let taken = 0
  const next = (worker: Member): void => {
    if (taken >= items || worker.isOver) return
    taken += 1
    worker.call(0, () => next(worker))
  }
  for (let worker = 1; worker <= Math.min(parallel, items); worker += 1)
    next(member.child(`worker ${worker}`))
}

/** Lanes that call again and again; where their number doubles, one, then two, then four, … */
const loop = (member: Member, { parallel, thinksMs, doublesEveryMs }: Of<"loop">): void => {
  const { stage } = member
  const next = (lane: Member): void => {
    if (lane.isOver) return
    lane.call(0, (isDone) => {
      const pauseMs = lane.random.of(thinksMs) + (isDone ? 0 : lane.actor.retryAfterMs)
      stage.at(stage.nowMs + pauseMs, () => next(lane))
    })
  }
  for (let lane = 1; lane <= parallel; lane += 1) {
    const doublings = 32 - Math.clz32(lane - 1)
    const own = member.child(`lane ${lane}`)
    stage.at(stage.nowMs + doublings * (doublesEveryMs ?? 0), () => next(own))
  }
}

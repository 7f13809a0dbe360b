import { SECOND_MS } from "../../domain/time.ts"
import { shown, under } from "../problem.ts"
import type { Actor, FleetModel, Pace } from "./fleet.ts"
import type { ActorJson } from "./fleetJson.ts"
import type { FleetReader } from "./fleetReader.ts"
import { placeholdersOf } from "./template.ts"

/** Reads one actor: what it needs and what it may not have depends on its kind. */
export const readActor = (
  reader: FleetReader,
  models: ReadonlyMap<string, FleetModel>,
  json: ActorJson,
  at: number,
): Actor => {
  const path = under("actors", at)
  const { kind } = json
  checkFields(reader, json, path)
  const { fails, injected, cancels } = json
  const failing = under(path, "fails")
  return {
    name: json.name,
    kind,
    count: whole(reader, json, "count", path, 1, COUNT_MAX) ?? 1,
    subject: subjectOf(reader, json, under(path, "subject")),
    model: modelOf(reader, models, json.model, under(path, "model")),
    input: reader.count(under(path, "input"), json.input, TOKENS_MAX),
    output: reader.count(under(path, "output"), json.output, TOKENS_MAX),
    limit: whole(reader, json, "limit", path, 1, TOKENS_MAX),
    takesMs: reader.durations(under(path, "takes"), json.takes),
    fromMs: json.from === undefined ? reader.startMs : reader.at(under(path, "from"), json.from),
    untilMs: json.until === undefined ? reader.endMs : reader.at(under(path, "until"), json.until),
    isWanted: json.wanted ?? !(kind === "loop" || kind === "leaked-key"),
    refused: json.refused ?? REFUSED[kind],
    retryAfterMs:
      json.retryAfter === undefined
        ? SECOND_MS
        : reader.duration(under(path, "retryAfter"), json.retryAfter),
    pace: paceOf(reader, json, path),
    fails:
      fails === undefined
        ? null
        : {
            ...reader.share(failing, fails),
            retries: reader.integer(under(failing, "retries"), fails.retries, 0, 1_000_000),
            afterMs: reader.pause(under(failing, "after"), fails.after),
            bills: fails.bills,
          },
    injected: injected === undefined ? null : reader.share(under(path, "injected"), injected),
    cancels: cancels === undefined ? null : reader.share(under(path, "cancels"), cancels),
  }
}

const TOKENS_MAX = 100_000_000
const COUNT_MAX = 100_000

/** What each kind does when nothing else is said. */
const REFUSED = {
  human: "skip",
  agent: "stop",
  batch: "wait",
  loop: "retry",
  "leaked-key": "retry",
} as const

/** The fields that are of some kinds only: those that each needs, and those that it may have. */
const OWN: Readonly<
  Record<ActorJson["kind"], { readonly needs: readonly Own[]; readonly may: readonly Own[] }>
> = {
  human: { needs: ["every"], may: [] },
  agent: { needs: ["turns"], may: ["every", "grows", "thinks", "spawns"] },
  batch: { needs: ["items"], may: ["parallel"] },
  loop: { needs: [], may: ["parallel", "thinks"] },
  "leaked-key": { needs: [], may: ["parallel", "thinks", "doublesEvery"] },
}
type Own = keyof typeof EXAMPLES

const EXAMPLES = {
  every: '"every": "3m"',
  turns: '"turns": [3, 12]',
  grows: '"grows": 800',
  thinks: '"thinks": "2s"',
  spawns: '"spawns": { "share": "10%", "count": 3, "depth": 2 }',
  items: '"items": 1000',
  parallel: '"parallel": 4',
  doublesEvery: '"doublesEvery": "10m"',
} as const

/** The fields that not every kind may have. */
export const KIND_FIELDS: readonly string[] = Object.keys(EXAMPLES)

const checkFields = (reader: FleetReader, json: ActorJson, path: string): void => {
  const { needs, may } = OWN[json.kind]
  for (const name of needs)
    if (json[name] === undefined)
      reader.problem(
        under(path, name),
        `is missing, and kind ${shown(json.kind)} needs it; add e.g. ${EXAMPLES[name]}`,
      )
  for (const name of Object.keys(EXAMPLES) as Own[])
    if (json[name] !== undefined && !needs.includes(name) && !may.includes(name))
      reader.problem(
        under(path, name),
        `is no field of kind ${shown(json.kind)}; remove it, or write another kind`,
      )
}

/** What is filled in by nothing would make one payer of all of them. */
const subjectOf = (
  reader: FleetReader,
  { subject, kind }: ActorJson,
  path: string,
): Actor["subject"] => {
  const known = kind === "agent" ? ["n", "task"] : ["n"]
  for (const [dimension, template] of Object.entries(subject))
    for (const name of placeholdersOf(template))
      if (!known.includes(name))
        reader.problem(
          under(path, dimension),
          `\`${braced(name)}\` is filled in by nothing for kind ${shown(kind)}; write ${known.map((one) => `\`{${one}}\``).join(" or ")}, or \`{${braced(name)}}\` for the text itself`,
        )
  return subject
}

const braced = (name: string): string => `{${name.length <= 40 ? name : "…"}}`

const whole = (
  reader: FleetReader,
  json: ActorJson,
  name: "count" | "limit" | "items" | "parallel" | "grows",
  path: string,
  least: number,
  most: number,
): number | null => {
  const value = json[name]
  return value === undefined ? null : reader.integer(under(path, name), value, least, most)
}

const modelOf = (
  reader: FleetReader,
  models: ReadonlyMap<string, FleetModel>,
  name: string,
  path: string,
): FleetModel => {
  const model = models.get(name)
  if (model !== undefined) return model
  reader.nameOf(path, name, [...models.keys()], "model of `models`")
  return { name, provider: null, maxOutput: null, billed: [], listed: [], counted: [] }
}

const paceOf = (reader: FleetReader, json: ActorJson, path: string): Pace => {
  const everyMs =
    json.every === undefined ? null : reader.duration(under(path, "every"), json.every)
  const thinksMs =
    json.thinks === undefined ? AT_ONCE : reader.durations(under(path, "thinks"), json.thinks)
  const parallel = whole(reader, json, "parallel", path, 1, COUNT_MAX) ?? 1
  switch (json.kind) {
    case "human":
      return { kind: "human", everyMs: everyMs ?? SECOND_MS }
    case "agent":
      return {
        kind: "agent",
        everyMs,
        turns: reader.count(under(path, "turns"), json.turns ?? 1, COUNT_MAX),
        grows: whole(reader, json, "grows", path, 0, TOKENS_MAX) ?? 0,
        thinksMs,
        spawns: spawnsOf(reader, json, path),
      }
    case "batch":
      return {
        kind: "batch",
        items: whole(reader, json, "items", path, 1, 10_000_000) ?? 1,
        parallel,
      }
    case "loop":
    case "leaked-key":
      return {
        kind: "loop",
        parallel,
        thinksMs,
        doublesEveryMs:
          json.doublesEvery === undefined
            ? null
            : reader.duration(under(path, "doublesEvery"), json.doublesEvery),
      }
  }
}

const AT_ONCE = { least: 0, median: 0, most: 0 }

const spawnsOf = (reader: FleetReader, { spawns }: ActorJson, path: string) => {
  if (spawns === undefined) return null
  const where = under(path, "spawns")
  return {
    millionths: reader.millionths(under(where, "share"), spawns.share),
    count: reader.count(under(where, "count"), spawns.count, 1_000),
    depth: reader.integer(under(where, "depth"), spawns.depth, 1, 8),
  }
}

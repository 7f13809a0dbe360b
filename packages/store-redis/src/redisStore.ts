import type { Store } from "@spendfuse/core/ports"
import { answerOf, answersOf } from "./answer.ts"
import { argumentsOf, shortOf } from "./arguments.ts"
import { clientOf, scriptOf } from "./client.ts"
import { manyOf } from "./many.ts"
import type { RedisStoreOptions } from "./options.ts"
import { listedOf, listingOf, readingOf, recordsOf } from "./records.ts"
import { SCRIPTS } from "./scripts.ts"
import type { Many, Steps } from "./steps.ts"
import { storeOn } from "./storeOn.ts"

/**
 * A store on Redis 6.2 or newer: one server, behind Sentinel, or a Cluster. Each command is one run of one
 * script, atomic on the server. In a Cluster a command stays in its division.
 *
 * @throws TypeError for a prefix that is none
 */
export const redisStore = (options: RedisStoreOptions): Store =>
  storeOn(clientOf(options), STEPS, options)

const quickOf: Many["shortOf"] = (command, context) => {
  const short = shortOf(command, context)
  return short === undefined || short.shape.accounts.length === 0 ? undefined : short
}

/** How this version takes a step. */
export const STEPS: Steps = {
  script: scriptOf(SCRIPTS.step),
  argumentsOf,
  answerOf,
  many: { shortOf: quickOf, argumentsOf: manyOf, answersOf },
  readingOf,
  recordsOf,
  listingOf,
  listedOf,
}

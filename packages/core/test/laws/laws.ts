import { amountLaws } from "./lawsOfAmounts.ts"
import { circuitLaws } from "./lawsOfCircuits.ts"
import { memoryLaws } from "./lawsOfMemory.ts"
import { tellingLaws } from "./lawsOfTelling.ts"
import { timeLaws } from "./lawsOfTime.ts"
import type { Law } from "./prove.ts"

/** The laws of the core, by the ids that docs and stores quote. */
export const laws: readonly Law[] = [
  ...amountLaws,
  ...circuitLaws,
  ...timeLaws,
  ...memoryLaws,
  ...tellingLaws,
]

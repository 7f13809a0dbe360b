import type { LawId } from "./laws.ts"
import { anyText, edges, lockstep, reopening } from "./lockstep.ts"
import { newerVersion } from "./newer.ts"
import type { ConformanceOptions } from "./options.ts"
import { outbox } from "./outbox.ts"
import { pages } from "./pages.ts"
import { prove } from "./prove.ts"
import { together } from "./together.ts"

/** Tries one law. @throws Convicted where the store breaks it */
export const tryLaw = (id: LawId, options: ConformanceOptions): Promise<void> => {
  switch (id) {
    case "C1":
      return prove(lockstep, options)
    case "C2":
      return prove(together, options)
    case "C3":
      return prove(reopening, options)
    case "C4":
      return prove(outbox, options)
    case "C5":
      return prove(newerVersion, options)
    case "C6":
      return prove(anyText, options)
    case "C7":
      return prove(edges, options)
    case "C8":
      return prove(pages, options)
  }
}

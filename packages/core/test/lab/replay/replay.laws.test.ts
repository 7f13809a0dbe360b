import { join, resolve } from "node:path"
import type { Policy } from "@spendfuse/core"
import type { ReplayRow } from "@spendfuse/core/lab"
import { libraryPrices } from "@spendfuse/core/prices"
import fc from "fast-check"
import { expect } from "vitest"
import * as replay from "../../../src/lab/replay/replay.ts"
import { check } from "../../laws/check.ts"
import { type Law, proveOf, type Source } from "../../laws/prove.ts"
import {
  anyBursts,
  anyCrowd,
  anyHistory,
  anyOutliving,
  anyPolicy,
  anyShort,
  anyTrips,
  anyWide,
  ODD_RATES,
} from "./histories.ts"
import { mutants } from "./mutants.ts"

type Subject = typeof replay

const FOLDER = resolve(import.meta.dirname, "../../../src/lab/replay")
const source: Source<Subject> = {
  subject: replay,
  entry: join(FOLDER, "replay.ts"),
  folder: FOLDER,
}
const prices = libraryPrices({ overrides: ODD_RATES })

const isSame = (
  { Replay }: Subject,
  policies: fc.Arbitrary<Policy>,
  histories: fc.Arbitrary<readonly ReplayRow[]>,
): void => {
  const cut = fc.integer({ min: 1, max: 9 })
  check(fc.tuple(policies, histories, cut), ([policy, rows, size]) => {
    const byNumbers = new Replay({ policy, prices })
    for (let at = 0; at < rows.length; at += size) byNumbers.take(rows.slice(at, at + size))
    const byStep = new Replay({ policy, prices, byStepAlone: true })
    byStep.take(rows)
    expect(byNumbers.report()).toEqual(byStep.report())
  })
}

const laws: readonly Law<Subject>[] = [
  {
    id: "L1",
    name: "a replay says the same by numbers as by the step alone, however it is cut into batches",
    holds: (subject) => isSame(subject, anyPolicy, anyHistory),
  },
  {
    id: "L2",
    name: "and so it does around the ends of cool-downs",
    holds: (subject) => isSame(subject, anyTrips, anyBursts),
  },
  {
    id: "L3",
    name: "and so it does for a crowd that comes near edges and goes away from them",
    holds: (subject) => isSame(subject, anyWide, anyCrowd),
  },
  {
    id: "L4",
    name: "and so it does for a call that outlives a period whose end is told",
    holds: (subject) => isSame(subject, anyShort, anyOutliving),
  },
]

proveOf(source, "a replay", laws, mutants)

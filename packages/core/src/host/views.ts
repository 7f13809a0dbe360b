import type { Line } from "../domain/command.ts"
import type { Unit } from "../domain/terms.ts"
import { type View, viewOf } from "../domain/view.ts"
import type { Engine } from "../engine/engine.ts"

/** What is left of one budget for a subject; amounts in its unit. */
export interface Remaining extends View {
  readonly budget: string
  readonly account: string
  readonly unit: Unit
}

/** Reads the lines' accounts, and judges each at the store's own time. @throws StoreUnavailable */
export const viewed = async (
  engine: Engine,
  lines: readonly Line[],
): Promise<readonly Remaining[]> => {
  if (lines.length === 0) return []
  const records = await engine.options.store.read(lines.map(({ account }) => account))
  engine.known.learnRead(lines, records)
  return lines.map((line, at) => {
    const record = records[at]
    const atMs = record?.storeTimeMs ?? engine.sender.issuedAtMs()
    return {
      ...viewOf(record?.account ?? null, line, atMs),
      budget: line.terms.budget,
      account: line.account,
      unit: line.terms.unit,
    }
  })
}

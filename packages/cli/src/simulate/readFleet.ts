import { readFileSync } from "node:fs"
import { decodeFleet, type Fleet } from "@spendfuse/core/lab"
import { checkKind } from "../fileKind.ts"
import { incidentNames, incidentPath } from "../incidents.ts"
import { CliError, type Io } from "../io.ts"
import { readJsonc } from "../jsonc.ts"

/** A fleet and how it was asked for. */
export interface NamedFleet {
  readonly name: string
  readonly fleet: Fleet
}

/**
 * Reads what was named: an incident of the library, else a file. `./NAME` is a file, whatever incidents there are.
 *
 * @throws CliError with every problem, where it stands and the mend
 */
export const readFleet = (io: Io, given: string): NamedFleet => {
  const isIncident = incidentNames().includes(given)
  const json = isIncident
    ? readJsonc({ ...io, read: (path) => readFileSync(path, "utf8") }, incidentPath(given))
    : readJsonc(hinting(io, given), given)
  checkKind("fleet", json, given)
  const decoded = decodeFleet(json.value)
  if (!decoded.ok) throw json.complaint(decoded.problems)
  return { name: given === "-" ? "<stdin>" : given, fleet: decoded.fleet }
}

/** What looks like a name and is none may be a slip of the pen. */
const hinting = (io: Io, given: string): Io => ({
  ...io,
  read: (path) => {
    try {
      return io.read(path)
    } catch (error) {
      if (!(error instanceof CliError) || /[./\\]/.test(given)) throw error
      throw new CliError(
        `${error.message}, nor an incident of that name; there are ${incidentNames().join(", ")}`,
      )
    }
  },
})

import { readFileSync } from "node:fs"
import { decodeFleet, type Fleet } from "@spendfuse/core/lab"
import { parse } from "jsonc-parser"
import { incidentNames, incidentPath } from "../../src/incidents.ts"

/** The incidents that there are, by name. */
export const NAMES: readonly string[] = incidentNames()

/** The text of an incident's file. */
export const incidentText = (name: string): string => readFileSync(incidentPath(name), "utf8")

/** What a JSON file beside the incidents holds. */
export const jsonBeside = (file: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../incidents/${file}`, import.meta.url), "utf8"))

/** One incident's fleet. */
export const fleetOf = (name: string): Fleet => {
  const decoded = decodeFleet(parse(incidentText(name)))
  if (decoded.ok) return decoded.fleet
  throw new Error(decoded.problems.map(({ path, message }) => `${path} ${message}`).join("\n"))
}

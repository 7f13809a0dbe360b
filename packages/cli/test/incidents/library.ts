import { readdirSync, readFileSync } from "node:fs"
import { decodeFleet, type Fleet } from "@spendfuse/core/lab"
import { parse } from "jsonc-parser"

const FOLDER = new URL("../../incidents/", import.meta.url)

/** The incidents that there are, by name. */
export const NAMES: readonly string[] = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".jsonc"))
  .map((name) => name.replace(/\.jsonc$/, ""))
  .sort()

/** The text of a file beside the incidents. */
export const textOf = (file: string): string => readFileSync(new URL(file, FOLDER), "utf8")

/** One incident's fleet. */
export const fleetOf = (name: string): Fleet => {
  const decoded = decodeFleet(parse(textOf(`${name}.jsonc`)))
  if (decoded.ok) return decoded.fleet
  throw new Error(decoded.problems.map(({ path, message }) => `${path} ${message}`).join("\n"))
}

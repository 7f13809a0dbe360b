import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

const SUFFIX = ".jsonc"

/** Where the fleet files of incidents lie: beside the sources, and beside what is built of them. */
const FOLDER: string = fileURLToPath(new URL("../incidents/", import.meta.url))

/** The names of the incidents that the package brings, sorted. */
export const incidentNames = (): readonly string[] =>
  readdirSync(FOLDER)
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length))
    .sort()

export const incidentPath = (name: string): string => `${FOLDER}${name}${SUFFIX}`

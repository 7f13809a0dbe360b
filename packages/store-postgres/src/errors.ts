import { StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"

/** The store's name, for logs and errors. */
export const NAME = "postgres"

/**
 * What a driver's error means. Its own text is never passed on: it may hold an address, a password, or the
 * values of a row.
 */
export const faultOf = (error: unknown): StoreUnavailable | StoreCorrupt => {
  if (error instanceof StoreUnavailable || error instanceof StoreCorrupt) return error
  const code = codeOf(error)
  if (isOfSchema(error))
    return new StoreCorrupt(
      NAME,
      "the schema is not this version's; call `migrate` or set `migrate: true`",
    )
  if (isOfData(code))
    return new StoreCorrupt(
      NAME,
      `a record is damaged, or was written by another version (${code})`,
    )
  return new StoreUnavailable(NAME, new Error(lostOf(code)))
}

/** Whether it failed by what the schema lacks: a table, a function, or the schema itself. */
export const isOfSchema = (error: unknown): boolean =>
  ["42P01", "42883", "3F000"].includes(codeOf(error))

/** Whether the statement failed by what it was given or found; nothing of it was applied. */
export const isDataFault = (error: unknown): boolean => isOfData(codeOf(error))

/** Classes of what is wrong with values, with code, or with a violated promise; not with the server. */
const isOfData = (code: string): boolean =>
  !(code in REFUSALS) && /^(P0|2[0-3]|42|39|38|0A|54)[0-9A-Z]{3}$/.test(code)

const codeOf = (error: unknown): string => {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === "string" && /^[A-Z0-9]{5}$|^E[A-Z]{3,20}$/.test(code) ? code : ""
}

const lostOf = (code: string): string => {
  const words = REFUSALS[code] ?? (code.startsWith("E") ? "the connection failed" : "")
  if (words !== "") return `${words} (${code})`
  return code === ""
    ? "there is no connection, it was lost, or no answer came in time"
    : `the server refused (${code})`
}

/** The server's own codes, and what they mean for whoever keeps it. */
const REFUSALS: Readonly<Record<string, string>> = {
  "28P01": "the server does not take the password",
  "28000": "the server does not let this user in",
  "3D000": "there is no such database",
  "42501": "the user may not do this",
  "53100": "the server's disk is full",
  "53300": "the server has no connection left",
  "57014": "the call took longer than it may",
  "57P01": "the server is going down",
  "57P03": "the server is starting",
  "25006": "the server is a replica",
}

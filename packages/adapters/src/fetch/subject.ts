import { RequestFailed, type Subject } from "@spendfuse/core"

/** The header by which one call names its subject, as JSON; it is never sent on. */
export const SUBJECT_HEADER = "x-spendfuse-subject"

/**
 * The header of one call: `client.responses.create(body, { headers: subjectHeader({ session }) })`.
 *
 * @returns an object with one header, in ASCII whatever the values are
 */
export const subjectHeader = (subject: Subject): Record<string, string> => ({
  [SUBJECT_HEADER]: JSON.stringify(subject).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  ),
})

/** What `for` has added before it is called: so that nothing is copied for each call. */
export const NOTHING_ADDED: Subject = {}

/**
 * What is bound, and what the call's own header adds. A header names what is not bound, and never
 * changes what is: a host that passes its callers' headers on does not hand out other subjects' budgets.
 *
 * @throws RequestFailed `invalid-command` where the header is not JSON of strings, or names what is bound
 */
export const withHeader = (told: Subject, more: Subject, header: string | null): Subject => {
  if (header === null && more === NOTHING_ADDED) return told
  const bound = { ...told, ...more }
  if (header === null) return bound
  const added = parsed(header)
  for (const [name, value] of Object.entries(added))
    if (Object.hasOwn(bound, name) && bound[name] !== value)
      throw new RequestFailed(
        "invalid-command",
        `header \`${SUBJECT_HEADER}\` names \`${name}\`, which is bound already; bind another with \`for\``,
      )
  return { ...bound, ...added }
}

const parsed = (header: string): Subject => {
  const value = jsonOf(header)
  const isSubject =
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((part) => typeof part === "string")
  if (isSubject) return value as Subject
  throw new RequestFailed(
    "invalid-command",
    `header \`${SUBJECT_HEADER}\` is not a JSON object of strings; make it with \`subjectHeader\``,
  )
}

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

type Json = Readonly<Record<string, unknown>>

/** One field to set in a JSON body, by its path. */
export interface Edit {
  readonly path: readonly string[]
  readonly value: unknown
}

/**
 * A body with fields set. A field that is new at the top is put in front of the text as it is, so that
 * nothing else of the body changes by a byte; anything else is written anew.
 */
export const rewrite = (source: string, body: Json, edits: readonly Edit[]): string => {
  if (edits.length === 0) return source
  const open = source.indexOf("{")
  const isNew = ({ path }: Edit): boolean =>
    path.length === 1 && path[0] !== undefined && !Object.hasOwn(body, path[0])
  if (open >= 0 && Object.keys(body).length > 0 && edits.every(isNew)) {
    const fields = edits.map(
      ({ path, value }) => `${JSON.stringify(path[0])}:${JSON.stringify(value)},`,
    )
    return `${source.slice(0, open + 1)}${fields.join("")}${source.slice(open + 1)}`
  }
  return JSON.stringify(edits.reduce(setIn, body))
}

const setIn = (body: Json, { path, value }: Edit): Json => {
  const [name, ...rest] = path
  if (name === undefined) return body
  const inner = body[name]
  const under = typeof inner === "object" && inner !== null ? (inner as Json) : {}
  return { ...body, [name]: rest.length === 0 ? value : setIn(under, { path: rest, value }) }
}

/** A text with the value of each placeholder that has one: `agent-{n}`. `{{n}}` is the text `{n}` itself. */
export const filledIn = (template: string, values: Readonly<Record<string, string>>): string =>
  template.replaceAll(
    BRACES,
    (all: string, text: string | undefined, name = "") =>
      text ?? (Object.hasOwn(values, name) ? (values[name] ?? "") : all),
  )

/** What stands between the braces of each placeholder. */
export const placeholdersOf = (template: string): readonly string[] =>
  [...template.matchAll(BRACES)].flatMap(([, text, name]) =>
    text === undefined ? [name ?? ""] : [],
  )

/** Doubled braces with what is left of them, else single ones with what is between them. */
const BRACES = /\{(\{[^{}]*\})\}|\{([^{}]*)\}/g

/** Texts that stores stumble over: separators, globs, what UTF-8 cannot hold, names that objects own. */
export const ODD_TEXTS: readonly string[] = [
  "__proto__",
  "constructor",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "b\udfff",
  "/",
  ":",
  "{a}b}",
  "#",
  "*",
  "?[a-z]*",
  "%_",
  "'\"\\",
  "\u05e9\u05dc\u05d5\u05dd",
  "\ud83d\ude00",
  "e\u0301 \u00e9",
  "\uffff",
  "\n\t\u007f",
  "-1",
  "",
]

/** What a history calls its accounts, sources, divisions and its switch. */
export interface Names {
  readonly account: (kind: string, at: number) => string
  readonly source: (at: number) => string
  /** Two of its own, and at `SHARED` the one that all share. */
  readonly division: (at: number) => string
  readonly switch: () => string
}

/** The place of the division `*` among a history's divisions. */
export const SHARED = 2

/**
 * The names of one history in a store that it shares with others: no two histories have one in common
 * but the division `*`.
 *
 * @param odd a part of every name, chosen to be hard
 */
export const namesOf = (history: string, odd: string): Names => {
  const own = `${odd}~${history}`
  return {
    account: (kind, at) => `${kind}/${at}${own}`,
    source: (at) => `${at}${own}`,
    division: (at) => (at === SHARED ? "*" : `${at}${own}`),
    switch: () => `k=${own}`,
  }
}

const LONG = "long ".repeat(2_000)

/** Five texts each that a store must not take for one another, nor for what it puts between them. */
export const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  "prefixes of one another": ["a", "aa", "a/", "aa/", "a/1"],
  "U+0000": ["a\u0000", "a\u0000b", "\u0000a", "\u0000", "a\u0001"],
  "lone surrogates": ["\ud800", "\udfff", "\ufffd", "?", "\udfff\ud800"],
  "names that objects own": ["__proto__", "constructor", "toString", "hasOwnProperty", "prototype"],
  "very long": [LONG, `${LONG}a`, `${LONG}b`, LONG.slice(1), LONG.slice(0, -1)],
  delimiters: ["a/1@b", "a/1", "a@b", "{a}", "a:1"],
  braces: ["a", "{a}", "{a", "a}", "%7Ba%7D"],
  globs: ["?", "*a", "[a-z]", "\\a", "%"],
  "the same to the eye": ["\u00e9", "e\u0301", "\u0435", "e", "E"],
  numbers: ["1", "01", "1.0", "-1", "1e0"],
  blanks: [" ", "  ", "\t", "\n", "\u00a0"],
  "escapes of others": ["\\u0000", "%00", "\u0001\u0001", "\ue000\u0800", "\ue001\u0001"],
  "what sorts otherwise in UTF-8": ["\uffff", "\ud83d\ude00", "\ue000", "\ud7ff", "\uf8ff"],
}

/** Exactly the texts of a family, whatever a history names: accounts, sources and divisions have the same ones. */
export const familyNames = (texts: readonly string[]): Names => {
  const at = (index: number): string => texts[index % texts.length] ?? ""
  return {
    account: (_, index) => at(index),
    source: (index) => at(index),
    division: (index) => (index === SHARED ? "*" : at(index + 2)),
    switch: () => at(4),
  }
}

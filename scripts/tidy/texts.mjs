// Rules on plain text: what no committed file says, whatever its language.

const everywhere = () => true
const code = (path) => /\.(tsx?|mjs|cjs|js)$/.test(path)
const prose = (path) => /\.(tsx?|mjs|cjs|js|md|css)$/.test(path)

const FILE_NAME = /\/[A-Za-z][A-Za-z0-9]*(\.laws)?(\.servers)?(\.test)?(\.d)?\.(tsx?|mjs)$/

/** A rule that finds every match of a pattern; `what` says what is wrong with it. */
const pattern = (name, applies, expression, what) => ({
  name,
  applies,
  find: ({ text }) =>
    [...text.matchAll(expression)].map((match) => ({
      line: lineAt(text, match.index),
      what: what(match[0].trim()),
    })),
})

/** The line of an offset, from 1. */
export const lineAt = (text, offset) => text.slice(0, offset).split("\n").length

export const textRules = [
  pattern(
    "machine-path",
    everywhere,
    /(?<![\w.)\]}:/-])\/(?:root|tmp|work|home\/\w+|Users\/\w+)\/[\w.-]+/g,
    (found) => `\`${found}\` is a path of one machine`,
  ),
  pattern(
    "registry-host",
    everywhere,
    /https?:\/\/(?:registry\.|localhost:4873|[\w.-]*(?:verdaccio|artifactory|nexus))[^\s"']*|^\s*tarball: *https?:.*$/gm,
    (found) => `\`${found}\` names a registry; the user's own configuration does`,
  ),
  pattern(
    "left-over",
    prose,
    /\b(?:TO(?:DO)|FIX(?:ME)|X{3}|HA(?:CK))\b/g,
    (found) => `\`${found}\`: do it now, or write it where work is kept`,
  ),
  pattern(
    "no-issue-numbers",
    prose,
    /\bissue #?\d+\b/gi,
    (found) => `\`${found}\` tells a reader nothing; say the reason`,
  ),
  pattern(
    "banner",
    code,
    /^[ \t]*\/\/[ \t]*[-=*#─━]{3,}.*$/gm,
    () => "a banner; a file that needs one is two files",
  ),
  pattern(
    "checked-by-tsc",
    code,
    /@ts-(?:ignore|nocheck)\b/g,
    (found) => `\`${found}\` silences the compiler`,
  ),
  pattern(
    "every-test-runs",
    (path) => /\.test\.(ts|mjs)$/.test(path),
    /\b(?:it|test|describe)\.(?:only|skip|todo|skipIf|runIf)\b/g,
    (found) => `\`${found}\`: nothing is skipped in silence`,
  ),
  {
    name: "file-name",
    applies: (path) =>
      /^(packages|bench|scripts|docs)\/.*\.(tsx?|mjs)$/.test(path) && !FILE_NAME.test(path),
    find: () => [
      { line: 1, what: "a file is named camelCase.ts, or PascalCase.ts where it is one service" },
    ],
  },
]

/** Laws are quoted by id: one id, one law. */
export const lawsTwice = (files) => {
  const seen = new Map()
  const findings = []
  for (const { path, text } of files.filter(({ path }) =>
    /\/laws\/[^/]*\.ts$|laws\.test\.ts$/.test(path),
  ))
    for (const match of text.matchAll(/^\s*(?:id: "([A-Z]\d+)"|(?:\w+\()?["'`]([A-Z]\d+): )/gm)) {
      const id = match[1] ?? match[2]
      const where = `${path}:${lineAt(text, match.index + match[0].search(/\S/))}`
      const first = seen.get(id)
      if (first !== undefined)
        findings.push(`${where}: law ${id} stands at ${first} too (law-twice)`)
      else seen.set(id, where)
    }
  return findings
}

// Rules on the syntax of sources: their length, and what they may touch.
import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import ts from "typescript"
import { root } from "../workspace.mjs"

/** Most lines of a file that hold more than a comment; most lines of a function. */
const FILE_LINES_MAX = 400
const FUNCTION_LINES_MAX = 70

const ours = (path) =>
  /^(packages\/[^/]+\/(src|console)|bench|scripts)\/.*\.(tsx?|mjs)$/.test(path) &&
  !/\.test\./.test(path)
const published = (path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path)
const domain = (path) => path.startsWith("packages/core/src/domain/")

export const sourceRules = [
  { name: "file-length", applies: ours, find: (file) => longFile(parse(file)) },
  { name: "function-length", applies: ours, find: (file) => longFunctions(parse(file)) },
  { name: "pure-domain", applies: domain, find: (file) => impurities(parse(file)) },
  { name: "stable-effect", applies: published, find: (file) => unstableEffect(parse(file)) },
  { name: "entry-re-exports", applies: isEntry, find: (file) => ownCode(parse(file)) },
  { name: "error-text", applies: published, find: (file) => errorTexts(parse(file)) },
]

const parse = ({ path, text }) => ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true)

const lineOf = (node, source = node.getSourceFile()) =>
  source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1

/** Every node below one, in the order of the text. */
const nodesIn = (node, found = []) => {
  node.forEachChild((child) => {
    found.push(child)
    nodesIn(child, found)
  })
  return found
}

const longFile = (source) => {
  const lines = new Set()
  const leaves = nodesIn(source).filter(
    (node) => node.getChildCount(source) === 0 && node.getWidth(source) > 0,
  )
  for (const leaf of leaves) {
    const last = source.getLineAndCharacterOfPosition(leaf.getEnd()).line + 1
    for (let line = lineOf(leaf, source); line <= last; line += 1) lines.add(line)
  }
  return lines.size <= FILE_LINES_MAX
    ? []
    : [
        {
          line: 1,
          what: `${lines.size} lines of code, above ${FILE_LINES_MAX}; it holds two files`,
        },
      ]
}

const longFunctions = (source) =>
  nodesIn(source)
    .filter((node) => ts.isFunctionLike(node) && node.body !== undefined)
    .map((node) => ({
      line: lineOf(node),
      length: source.getLineAndCharacterOfPosition(node.getEnd()).line + 2 - lineOf(node),
    }))
    .filter(({ length }) => length > FUNCTION_LINES_MAX)
    .map(({ line, length }) => ({
      line,
      what: `a function of ${length} lines, above ${FUNCTION_LINES_MAX}; give its leaves names`,
    }))

const IMPURE = new Set(
  "Date process fetch console crypto performance globalThis setTimeout setInterval setImmediate queueMicrotask".split(
    " ",
  ),
)
const THROWERS = new Set(["unreachable", "nanoUsd"])

const impurities = (source) => {
  const findings = []
  for (const node of nodesIn(source)) {
    if (ts.isIdentifier(node) && IMPURE.has(node.text) && !isName(node))
      findings.push({
        line: lineOf(node),
        what: `\`${node.text}\` in the domain; take what it gives as an argument`,
      })
    if (node.getText(source) === "Math.random")
      findings.push({
        line: lineOf(node),
        what: "`Math.random` in the domain; take its answer as an argument",
      })
    if (ts.isThrowStatement(node) && !THROWERS.has(functionAround(node)))
      findings.push({ line: lineOf(node), what: "a throw in the domain; a refusal is a value" })
  }
  return findings
}

/** A property's or a declaration's own name is no use of the global. */
const isName = ({ parent, text }) =>
  (ts.isPropertyAccessExpression(parent) &&
    parent.name.text === text &&
    parent.expression.getText() !== text) ||
  ((ts.isPropertySignature(parent) || ts.isPropertyAssignment(parent)) &&
    parent.name.getText() === text)

const functionAround = (node) => {
  let at = node
  while (at !== undefined && !ts.isFunctionLike(at)) at = at.parent
  const named = at?.name ?? at?.parent?.name
  return named?.getText()
}

const importsOf = (source) =>
  source.statements.filter(
    (statement) =>
      (ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement)) &&
      statement.moduleSpecifier !== undefined,
  )

const unstableEffect = (source) =>
  importsOf(source).flatMap((statement) => {
    const name = statement.moduleSpecifier.text
    if (name !== "effect" && !name.startsWith("effect/")) return []
    const fault =
      name === "effect" ? "the barrel of Effect weighs 100 kB; name the module" : unstable(name)
    return fault === null ? [] : [{ line: lineOf(statement), what: fault }]
  })

const effectFolder = dirname(
  createRequire(join(root, "packages", "core", "package.json")).resolve("effect/package.json"),
)

/** Effect ships its sources; a module's first docstring says how stable it is. */
const unstable = (name) => {
  const file = join(effectFolder, "src", `${name.slice("effect/".length)}.ts`)
  if (!existsSync(file)) return `\`${name}\` is no module of Effect's sources`
  const head = readFileSync(file, "utf8").match(/@stability (\w+)/)?.[1] ?? "unsaid"
  return head === "stable" ? null : `\`${name}\` is ${head}, not stable`
}

function isEntry(path) {
  return /^packages\/core\/src\/[^/]+\.ts$/.test(path)
}

const ownCode = (source) =>
  source.statements
    .filter(
      (statement) => !ts.isExportDeclaration(statement) || statement.moduleSpecifier === undefined,
    )
    .map((statement) => ({
      line: lineOf(statement),
      what: "an entry re-exports, and does nothing else",
    }))

const errorTexts = (source) =>
  nodesIn(source)
    .filter(
      (node) =>
        ts.isNewExpression(node) &&
        /(Error|Failed|Invalid|Closed|Unavailable)$/.test(node.expression.getText(source)),
    )
    .map((node) => node.arguments?.[0])
    .filter(
      (text) =>
        text !== undefined && (ts.isStringLiteralLike(text) || ts.isTemplateExpression(text)),
    )
    .filter((text) => /^[`"'][A-Z](?![A-Z])|\.[`"']$|\n/.test(text.getText(source)))
    .map((text) => ({
      line: lineOf(text),
      what: `the error's text ${text.getText(source)}: lower case first, no full stop, one line`,
    }))

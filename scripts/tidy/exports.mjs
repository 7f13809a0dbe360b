// Rules on what the packages export: each thing explained, each entry on a page.
import { join } from "node:path"
import ts from "typescript"
import { inRoot, root } from "../workspace.mjs"

/** Whatever an entry exports, under whatever name, without a docstring where it is declared. */
export const undocumented = (entries) => {
  const program = ts.createProgram(entries, options())
  const checker = program.getTypeChecker()
  const findings = new Set()
  for (const entry of entries) {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry))
    if (module === undefined) continue
    for (const symbol of checker.getExportsOfModule(module)) {
      const declared = declaredAt(checker, symbol)
      if (declared.getDocumentationComment(checker).length > 0) continue
      findings.add(
        `${placeOf(declared)}: \`${declared.name}\` is exported without a docstring (documented)`,
      )
    }
  }
  return [...findings].sort()
}

const declaredAt = (checker, symbol) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol

const placeOf = ({ declarations }) => {
  const node = declarations?.[0]
  if (node === undefined) return "?"
  const source = node.getSourceFile()
  return `${inRoot(source.fileName)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
}

const options = () => {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, root).options
}

/** Entries that no page of the documentation names. */
export const undocumentedEntries = (packages, files) => {
  const pages = files.filter(({ path }) => path === "README.md" || /^docs\/.*\.md$/.test(path))
  const prose = pages.map(({ text }) => text).join("\n")
  return packages
    .flatMap(({ name, entries }) => entries.map((entry) => name + entry.name.slice(1)))
    .filter((entry) => !new RegExp(`${entry}(?![\\w/-])`).test(prose))
    .map((entry) => `\`${entry}\` stands on no page of the documentation (entry-on-a-page)`)
}

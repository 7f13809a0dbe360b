// The rules that lint and rooms cannot say. One finding is one line: `path:line: what is wrong`.
import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { undocumented, undocumentedEntries } from "./tidy/exports.mjs"
import { sourceRules } from "./tidy/sources.mjs"
import { lawsTwice, textRules } from "./tidy/texts.mjs"
import { isMain, packages, root, run } from "./workspace.mjs"

const BINARY = /\.(png|jpg|gif|ico|woff2?|gz|zip)$/

/** Looks at every file that is or would be committed; answers the findings. */
export const checkTidy = async () => {
  const files = (await committed()).map((path) => ({
    path,
    text: readFileSync(join(root, path), "utf8"),
  }))
  const entries = packages().flatMap((each) => each.entries.map(({ source }) => source))
  return [
    ...tidy(files),
    ...undocumented(entries.filter((source) => existsSync(source))),
    ...undocumentedEntries(packages(), files),
  ]
}

/** The findings in these files by every rule that needs no more than their text. */
export const tidy = (files) => [
  ...files.flatMap((file) =>
    [...textRules, ...sourceRules]
      .filter(({ applies }) => applies(file.path))
      .flatMap(({ name, find }) =>
        find(file).map(({ line, what }) => `${file.path}:${line}: ${what} (${name})`),
      ),
  ),
  ...lawsTwice(files),
]

const committed = async () => {
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"]
  const { code, stdout, output } = await run("git", args)
  if (code !== 0) throw new Error(`git cannot list the files: ${output}`)
  return [...new Set(stdout.split("\n"))].filter(
    (path) =>
      path !== "" &&
      !BINARY.test(path) &&
      existsSync(join(root, path)) &&
      statSync(join(root, path)).isFile(),
  )
}

if (isMain(import.meta.url)) {
  const findings = await checkTidy()
  for (const finding of findings) console.log(finding)
  process.exitCode = findings.length === 0 ? 0 : 1
}

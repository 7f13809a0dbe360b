// Brings included examples, shown help texts and the API page up to their sources; with --check it only says what is behind.
import { spawnSync } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const pinned = at("../node_modules/.bin/node")
const isOld = !process.features.typescript
if (isOld && existsSync(pinned) && process.env.SPENDFUSE_DOCS_PINNED === undefined) {
  const { status } = spawnSync(
    pinned,
    [
      "--disable-warning=ExperimentalWarning",
      fileURLToPath(import.meta.url),
      ...process.argv.slice(2),
    ],
    { stdio: "inherit", env: { ...process.env, SPENDFUSE_DOCS_PINNED: "1" } },
  )
  process.exit(status ?? 1)
}
const { pagesOf, readPage } = await import("../docs/test/pages.ts")
const { withIncludes, withOutputs } = await import("../docs/test/include.ts")
const { apiPage } = await import("../docs/test/exports.ts")

const isCheck = process.argv.includes("--check")
let behind = 0
const bring = (page, text) => {
  const path = at(`../${page}`)
  if (existsSync(path) && readFileSync(path, "utf8") === text) return
  behind += 1
  console.log(`${isCheck ? "behind" : "written"}: ${page}`)
  if (!isCheck) writeFileSync(path, text)
}
bring("docs/reference/api.md", apiPage())
for (const page of pagesOf())
  bring(page, await withOutputs(page, withIncludes(page, readPage(page))))
process.exitCode = isCheck && behind > 0 ? 1 : 0

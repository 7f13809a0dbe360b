// Writes what a server or a browser runs, Lua, SQL and the console's page, into modules: sources and build alike then
// need no files beside them.
// Run it as `node scripts/embed.mjs`, or with a part of the path of those that it should write; `npm run check` says when
// a module is behind.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { build as bundle } from "esbuild"
import { inRoot, isMain, root, SOURCE } from "./workspace.mjs"

/** A line of Lua that stands for the text of the file beside it. */
const INCLUDE = /^-- include: (\S+)$/gm

/** Modules that are not what their sources say, one sentence each. */
export const checkEmbedded = async () =>
  (await modules())
    .filter(({ path, text }) => !existsSync(path) || readFileSync(path, "utf8") !== text)
    .map(({ path }) => `${inRoot(path)} is behind its sources; run \`node scripts/embed.mjs\``)

/** Those whose sources are there. */
const modules = async () => {
  const redis = join(root, "packages", "store-redis", "src")
  const postgres = join(root, "packages", "store-postgres")
  const adapters = join(root, "packages", "adapters")
  const scripts = scriptsOf(readAll(join(redis, "lua"), ".lua"))
  const migrations = readAll(join(postgres, "sql"), ".sql")
  return [
    ...(scripts.length > 0
      ? [{ path: join(redis, "scripts.ts"), text: scriptsModule(scripts) }]
      : []),
    ...(migrations.length > 0
      ? [{ path: join(postgres, "src", "migrations.ts"), text: migrationsModule(migrations) }]
      : []),
    {
      path: join(adapters, "src", "admin", "console", "assets.ts"),
      text: await consoleModule(
        join(adapters, "console"),
        join(adapters, "node_modules", "preact"),
      ),
    },
  ]
}

/** Files of a folder in the order of their names. */
const readAll = (folder, ending) =>
  (existsSync(folder) ? readdirSync(folder) : [])
    .filter((file) => file.endsWith(ending))
    .sort()
    .map((file) => ({
      file,
      name: file.slice(0, -ending.length),
      text: readFileSync(join(folder, file), "utf8").replaceAll("\r\n", "\n"),
    }))

/** What no other file includes is a script; each with its parts in place, one time each. */
export const scriptsOf = (files) => {
  const texts = new Map(files.map(({ file, text }) => [file, text]))
  const parts = new Set(
    files.flatMap(({ text }) => [...text.matchAll(INCLUDE)].map(([, part]) => part)),
  )
  const missing = [...parts].find((part) => !texts.has(part))
  if (missing !== undefined) throw new Error(`a script includes \`${missing}\`, which is not there`)
  const scripts = files.filter(({ file }) => !parts.has(file))
  if (scripts.length === 0 && files.length > 0) throw new Error("the scripts include each other")
  return scripts.map(({ name, file }) => ({ name, text: whole(file, texts, new Set()) }))
}

const whole = (file, texts, seen) => {
  seen.add(file)
  return texts
    .get(file)
    .replace(INCLUDE, (_, part) => (seen.has(part) ? "" : whole(part, texts, seen).trimEnd()))
}

const scriptsModule = (scripts) =>
  [
    "// Made by `node scripts/embed.mjs` from the files in `lua`.\n",
    "/** What the server runs, by name. */",
    "export const SCRIPTS: {",
    ...scripts.map(({ name }) => `  readonly ${name}: string`),
    "} = {",
    ...scripts.map(({ name, text }) => `  ${name}: ${JSON.stringify(text)},`),
    "}\n",
  ].join("\n")

const migrationsModule = (migrations) =>
  [
    "// Made by `node scripts/embed.mjs` from the files in `sql`.\n",
    "/** Steps from an empty schema to this version's, in their order. */",
    "export const MIGRATIONS: ReadonlyArray<{ readonly name: string; readonly sql: string }> = [",
    ...migrations.map(
      ({ name, text }) => `  { name: ${JSON.stringify(name)}, sql: ${JSON.stringify(text)} },`,
    ),
    "]\n",
  ].join("\n")

/** The page's script and style, as a browser gets them: the library that is in them comes with its licence. */
const consoleModule = async (folder, library) => {
  const { outputFiles } = await bundle({
    entryPoints: [join(folder, "main.tsx"), join(folder, "style.css")],
    outdir: folder,
    write: false,
    bundle: true,
    minify: true,
    format: "iife",
    target: "es2023",
    jsx: "automatic",
    jsxImportSource: "preact",
    conditions: [SOURCE],
    legalComments: "none",
    charset: "utf8",
    logLevel: "silent",
  })
  const textOf = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text.trim()
  const licence = readFileSync(join(library, "LICENSE"), "utf8").replaceAll(/\s+/g, " ").trim()
  const script = `/* Spendfuse. With Preact: ${licence} */\n${textOf(".js")}`
  if (/<\/script|<!--/i.test(script)) throw new Error("the script would end its own element")
  return [
    "// Made by `node scripts/embed.mjs` from the files in `console`.\n",
    "/** What the console's page runs, and how it looks. */",
    "export const CONSOLE: { readonly script: string; readonly style: string } = {",
    `  script: ${JSON.stringify(script)},`,
    `  style: ${JSON.stringify(textOf(".css"))},`,
    "}\n",
  ].join("\n")
}

if (isMain(import.meta.url)) {
  const [part = ""] = process.argv.slice(2)
  for (const { path, text } of await modules())
    if (inRoot(path).includes(part)) writeFileSync(path, text)
}

import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { build, type Plugin } from "esbuild"
import { describe, expect, it } from "vitest"
import * as core from "../../src/domain.ts"
import { onMutant } from "./check.ts"

/** The core, or a broken copy of it. */
export type Core = typeof core

/** A named property: throws where the subject breaks it. */
export interface Law<Subject = Core> {
  readonly id: string
  readonly name: string
  readonly holds: (subject: Subject) => void
}

/** What laws are held to: as it is, and where it is built from, so that a broken copy can be. */
export interface Source<Subject> {
  readonly subject: Subject
  /** The module that exports it, and the folder that mutants name their files in. */
  readonly entry: string
  readonly folder: string
}

/** One small edit of a source that some law must notice. */
export interface Mutant {
  readonly name: string
  /** Below the folder of the source. */
  readonly file: string
  readonly find: string
  readonly replace: string
  /** Not noticed by any law, and this is why that is right. */
  readonly equivalent?: string
}

const SRC = resolve(import.meta.dirname, "../../src")
const CORE: Source<Core> = {
  subject: core,
  entry: join(SRC, "domain.ts"),
  folder: join(SRC, "domain"),
}

/** Registers of the core: each law holds; each mutant is killed; each law kills at least one. */
export const prove = (title: string, laws: readonly Law[], mutants: readonly Mutant[]): void =>
  proveOf(CORE, title, laws, mutants)

/** The same of another subject. */
export const proveOf = <Subject>(
  source: Source<Subject>,
  title: string,
  laws: readonly Law<Subject>[],
  mutants: readonly Mutant[],
): void => {
  describe(title, () => {
    it.each(laws.map((law) => [`${law.id} ${law.name}`, law] as const))("holds: %s", (_, law) => {
      law.holds(source.subject)
    })
    const kills = new Map<string, string[]>()
    it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
      "kills: %s",
      async (_, mutant) => {
        const subject = await load(source, mutant)
        const killers = laws.filter((law) => isBroken(law, subject)).map(({ id }) => id)
        for (const id of killers) kills.set(id, [...(kills.get(id) ?? []), mutant.name])
        expect(killers.length > 0).toBe(mutant.equivalent === undefined)
      },
    )
    it("every law kills at least one mutant", () => {
      expect(laws.filter(({ id }) => !kills.has(id)).map(({ id }) => id)).toEqual([])
    })
  })
}

const isBroken = <Subject>(law: Law<Subject>, subject: Subject): boolean => {
  try {
    onMutant(() => law.holds(subject))
    return false
  } catch {
    return true
  }
}

/** The source with one edit, bundled by itself; an edit that finds nothing is stale, and an error. */
const load = async <Subject>(
  { entry, folder: edits }: Source<Subject>,
  mutant: Mutant,
): Promise<Subject> => {
  const folder = mkdtempSync(join(tmpdir(), "mutant-"))
  try {
    const outfile = join(folder, "mutant.mjs")
    await build({
      entryPoints: [entry],
      bundle: true,
      format: "esm",
      outfile,
      logLevel: "silent",
      plugins: [edited(edits, mutant)],
    })
    return (await import(pathToFileURL(outfile).href)) as Subject
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const edited = (folder: string, { file, find, replace, name }: Mutant): Plugin => ({
  name: "mutant",
  setup: (bundle) => {
    bundle.onLoad({ filter: /\.ts$/ }, ({ path }) => {
      if (path !== join(folder, file)) return null
      const source = readFileSync(path, "utf8")
      if (source.split(find).length !== 2)
        throw new Error(`mutant \`${name}\` is stale: \`${find}\` is not there exactly once`)
      return { contents: source.replace(find, () => replace), loader: "ts" }
    })
  },
})

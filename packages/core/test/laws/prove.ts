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

/** A named property: throws where the core breaks it. */
export interface Law {
  readonly id: string
  readonly name: string
  readonly holds: (subject: Core) => void
}

/** One small edit of the core's source that some law must notice. */
export interface Mutant {
  readonly name: string
  readonly file: string
  readonly find: string
  readonly replace: string
  /** Not noticed by any law, and this is why that is right. */
  readonly equivalent?: string
}

const DOMAIN = resolve(import.meta.dirname, "../../src/domain")

/** Registers: each law holds; each mutant is killed; each law kills at least one. */
export const prove = (title: string, laws: readonly Law[], mutants: readonly Mutant[]): void => {
  describe(title, () => {
    it.each(laws.map((law) => [`${law.id} ${law.name}`, law] as const))("holds: %s", (_, law) => {
      law.holds(core)
    })
    const kills = new Map<string, string[]>()
    it.each(mutants.map((mutant) => [mutant.name, mutant] as const))(
      "kills: %s",
      async (_, mutant) => {
        const subject = await load(mutant)
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

const isBroken = (law: Law, subject: Core): boolean => {
  try {
    onMutant(() => law.holds(subject))
    return false
  } catch {
    return true
  }
}

/** The core with one edit, bundled by itself; an edit that finds nothing is stale, and an error. */
const load = async (mutant: Mutant): Promise<Core> => {
  const folder = mkdtempSync(join(tmpdir(), "mutant-"))
  try {
    const outfile = join(folder, "core.mjs")
    await build({
      entryPoints: [resolve(DOMAIN, "../domain.ts")],
      bundle: true,
      format: "esm",
      outfile,
      logLevel: "silent",
      plugins: [edited(mutant)],
    })
    return (await import(pathToFileURL(outfile).href)) as Core
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const edited = ({ file, find, replace, name }: Mutant): Plugin => ({
  name: "mutant",
  setup: (bundle) => {
    bundle.onLoad({ filter: /\/domain\/.*\.ts$/ }, ({ path }) => {
      if (path !== join(DOMAIN, file)) return null
      const source = readFileSync(path, "utf8")
      if (source.split(find).length !== 2)
        throw new Error(`mutant \`${name}\` is stale: \`${find}\` is not there exactly once`)
      return { contents: source.replace(find, () => replace), loader: "ts" }
    })
  },
})

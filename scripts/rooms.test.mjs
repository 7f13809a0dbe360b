// Plants one breach per rule of the rooms in a copy of the sources, and sees each one caught.
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { packages, root, run } from "./workspace.mjs"

const CORE = "packages/core/src"
const MEMORY = "packages/store-memory/src"
const OBJECT = "packages/store-durable-object/src"
const ADAPTERS = "packages/adapters/src"

/** [rule, the file the breach is planted in, what it imports] */
const BREACHES = [
  ["core-domain", `${CORE}/domain/planted.ts`, "../ports/Store.ts"],
  ["core-domain", `${CORE}/domain/planted.ts`, "effect/Result"],
  ["core-wire", `${CORE}/wire/planted.ts`, "../ports/Store.ts"],
  ["core-wire", `${CORE}/wire/planted.ts`, "effect/Schema"],
  ["core-ports", `${CORE}/ports/planted.ts`, "../engine/engine.ts"],
  ["core-ports", `${CORE}/ports/planted.ts`, "effect/Effect"],
  ["core-edge", `${CORE}/edge/planted.ts`, "../engine/engine.ts"],
  ["core-edge", `${CORE}/edge/planted.ts`, "effect/Effect"],
  ["core-prices", `${CORE}/prices/planted.ts`, "../edge/policy.ts"],
  ["core-prices", `${CORE}/prices/planted.ts`, "../engine/engine.ts"],
  ["core-engine", `${CORE}/engine/planted.ts`, "../edge/policy.ts"],
  ["core-engine", `${CORE}/engine/planted.ts`, "../wire/json.ts"],
  ["core-engine", `${CORE}/engine/planted.ts`, "../host/createSpendfuse.ts"],
  ["core-engine", `${CORE}/engine/planted.ts`, "../prices/library.ts"],
  ["core-host", `${CORE}/host/planted.ts`, "../wire/json.ts"],
  ["core-host", `${CORE}/host/planted.ts`, "../testing/play.ts"],
  ["core-anomaly", `${CORE}/anomaly/planted.ts`, "../testing/play.ts"],
  ["core-engine", `${CORE}/engine/planted.ts`, "../anomaly/detector.ts"],
  ["core-lab", `${CORE}/lab/planted.ts`, "../testing/play.ts"],
  ["core-testing", `${CORE}/testing/planted.ts`, "../host/createSpendfuse.ts"],
  ["core-testing", `${CORE}/testing/planted.ts`, "vitest"],
  ["core-entries", `${CORE}/planted.ts`, "effect/Effect"],
  ["stores", `${MEMORY}/planted.ts`, "@spendfuse/core"],
  ["stores", `${MEMORY}/planted.ts`, "@spendfuse/core/testing"],
  ["stores", `${MEMORY}/planted.ts`, "../../adapters/src/fetch.ts"],
  ["stores", `${MEMORY}/planted.ts`, "../../store-durable-object/src/index.ts"],
  ["store-in-an-object", `${OBJECT}/planted.ts`, "@spendfuse/core"],
  ["store-in-an-object", `${OBJECT}/planted.ts`, "@spendfuse/store-memory/journal"],
  ["adapters", `${ADAPTERS}/planted.ts`, "@spendfuse/store-memory"],
  ["adapters", `${ADAPTERS}/planted.ts`, "@spendfuse/core/domain"],
  ["no-circular", `${CORE}/host/planted.ts`, "./planted.ts"],
  ["no-node-in-portable-packages", `${CORE}/domain/planted.ts`, "node:crypto"],
  ["no-node-in-portable-packages", `${MEMORY}/planted.ts`, "node:fs"],
  ["no-node-in-portable-packages", `${OBJECT}/planted.ts`, "node:crypto"],
  ["no-node-in-portable-packages", `${ADAPTERS}/fetch/planted.ts`, "node:async_hooks"],
  ["no-node-in-portable-packages", `${ADAPTERS}/session/planted.ts`, "node:async_hooks"],
  ["price-library-in-one-room", `${CORE}/engine/planted.ts`, "@pydantic/genai-prices"],
  ["no-effect-on-the-hot-path", `${CORE}/engine/refusals.ts`, "effect/Effect"],
  ["effect-in-adapters", `${ADAPTERS}/fetch/planted.ts`, "effect/Effect"],
  ["adapters-stand-alone", `${ADAPTERS}/planted.ts`, "./console.ts"],
  ["console-in-the-browser", "packages/adapters/console/planted.ts", "../src/admin/html.ts"],
  ["console-in-the-browser", "packages/adapters/console/planted.ts", "effect/Schema"],
  ["shared-rooms-of-adapters", `${ADAPTERS}/fetch/planted.ts`, "../console.ts"],
  ["notifiers-stand-alone", `${ADAPTERS}/notify/planted.ts`, "../fetch.ts"],
  ["one-folder-per-notifier", `${ADAPTERS}/notify/slack/planted.ts`, "../webhook/sign.ts"],
  ["one-file-per-driver", `${MEMORY}/planted.ts`, "pg"],
  ["entries-only-across-packages", "packages/cli/src/planted.ts", "../../core/src/domain/step.ts"],
  ["nobody-imports-tests", `${CORE}/host/planted.ts`, "vitest"],
  ["nobody-imports-tests", "packages/cli/src/planted.ts", "node:test"],
  ["only-declared-dependencies", "packages/cli/src/planted.ts", "ioredis"],
  ["resolves", `${CORE}/host/planted.ts`, "./nowhere.ts"],
]

describe("the rooms", () => {
  const caught = new Map()
  let folder = ""

  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), "spendfuse-rooms-")))
    copySources(folder)
    BREACHES.forEach(([, path, target], index) => {
      writeFileSync(join(folder, plantedAt(path, index)), `import "${named(target, index)}"\n`)
    })
    const args = ["--config", ".dependency-cruiser.cjs", "--output-type", "json", "packages"]
    const { stdout } = await run("depcruise", args, { cwd: folder })
    for (const { rule, from } of JSON.parse(stdout).summary.violations)
      caught.set(from, [...(caught.get(from) ?? []), rule.name])
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(BREACHES.map((breach, index) => [...breach, index]))(
    "%s: %s cannot import %s",
    (rule, path, _target, index) => {
      expect(caught.get(plantedAt(path, index)) ?? []).toContain(rule)
    },
  )

  it("have no rule without a planted breach", () => {
    const { forbidden } = createRequire(import.meta.url)("../.dependency-cruiser.cjs")
    const planted = new Set(BREACHES.map(([rule]) => rule))
    expect(forbidden.map(({ name }) => name).filter((name) => !planted.has(name))).toEqual([])
  })
})

const plantedAt = (path, index) => path.replace("planted.ts", `planted${index}.ts`)
const named = (target, index) => target.replace("planted.ts", `planted${index}.ts`)

const copySources = (folder) => {
  for (const file of ["tsconfig.json", ".dependency-cruiser.cjs", "package.json"])
    cpSync(join(root, file), join(folder, file))
  link(join(root, "node_modules", "vitest"), join(folder, "node_modules", "vitest"))
  for (const { dir, manifest } of packages()) {
    const copy = join(folder, dir.slice(root.length))
    for (const part of ["src", "console"].filter((name) => existsSync(join(dir, name))))
      cpSync(join(dir, part), join(copy, part), { recursive: true })
    cpSync(join(dir, "package.json"), join(copy, "package.json"))
    const declared = {
      ...manifest.dependencies,
      ...manifest.peerDependencies,
      ...manifest.devDependencies,
    }
    for (const [name, range] of Object.entries(declared)) {
      const installed = realpathSync(join(dir, "node_modules", name))
      const own = range === "workspace:*" ? join(folder, installed.slice(root.length)) : installed
      link(own, join(copy, "node_modules", name))
    }
  }
  fakeDriver(join(folder, MEMORY, "..", "node_modules", "pg"))
}

const link = (target, path) => {
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(target, path, "junction")
}

const fakeDriver = (folder) => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "package.json"), `{ "name": "pg", "main": "index.js" }`)
  writeFileSync(join(folder, "index.js"), "")
}

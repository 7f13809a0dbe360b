import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { expect, test } from "vitest"

const root = new URL("../../../../", import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), "utf8")

/** One instruction of a container file, and what follows it. */
interface Step {
  readonly name: string
  readonly rest: string
}

/** The stages of a container file; it has no continued lines and no variables. */
const stagesOf = (text: string): readonly (readonly Step[])[] => {
  const stages: Step[][] = []
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue
    const [, name = "", rest = ""] = /^([A-Z]+) (.+)$/.exec(line) ?? []
    expect(KNOWN, line).toContain(name)
    if (name === "FROM") stages.push([])
    stages.at(-1)?.push({ name, rest })
  }
  return stages
}

const KNOWN =
  "FROM WORKDIR COPY RUN ENV USER EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD ARG".split(" ")

const stages = stagesOf(read("packages/cli/container/Dockerfile"))
const [build = [], image = []] = stages
const restOf = (steps: readonly Step[], name: string): readonly string[] =>
  steps.filter((step) => step.name === name).map(({ rest }) => rest)

test("the image is built in a stage of its own, on pinned Nodes that are the workspace's", () => {
  const { devDependencies } = JSON.parse(read("package.json")) as {
    devDependencies: Record<string, string>
  }
  expect(stages).toHaveLength(2)
  expect(restOf(build, "FROM")).toEqual([`node:${devDependencies.node}-slim AS build`])
  expect(restOf(image, "FROM")).toEqual([`node:${devDependencies.node}-slim`])
  expect(restOf(image, "COPY")).toEqual([
    "--from=build --chown=root:root /image/node_modules /opt/spendfuse/node_modules",
  ])
})

test("it runs as nobody of weight, by exec, and holds no secret", () => {
  expect(restOf(image, "USER")).toEqual(["node"])
  const after = image.slice(image.findIndex(({ name }) => name === "USER"))
  expect(after.some(({ name }) => name === "RUN" || name === "COPY")).toBe(false)
  for (const name of ["ENTRYPOINT", "CMD"])
    expect(JSON.parse(restOf(image, name)[0] ?? "")).toBeInstanceOf(Array)
  expect([...restOf(build, "ARG"), ...restOf(image, "ARG")]).toEqual([])
  expect(restOf(image, "ENV")).toEqual(["NODE_ENV=production"])
  expect(read("packages/cli/container/Dockerfile.dockerignore")).toContain("**/.env*")
})

test("what it runs and installs is there, with the versions of the workspace", () => {
  const run = restOf(build, "RUN").join("\n")
  const scripts = [...run.matchAll(/node (scripts\/\S+)/g)].map(([, path]) => path ?? "")
  expect(scripts).toHaveLength(2)
  for (const path of scripts) expect(existsSync(fileURLToPath(new URL(path, root)))).toBe(true)
  const catalog = read("pnpm-workspace.yaml")
  for (const [, name, version] of run.matchAll(/ (effect|ioredis|pg)@([\d.]+)/g))
    expect(catalog).toContain(`  ${name}: ${version}\n`)
  const packed = [...run.matchAll(/\/packed\/spendfuse-([a-z-]+)-\*/g)].map(([, name]) => name)
  const { dependencies, peerDependencies } = JSON.parse(read("packages/cli/package.json")) as {
    dependencies: Record<string, string>
    peerDependencies: Record<string, string>
  }
  const needed = Object.keys({ ...dependencies, ...peerDependencies })
    .filter((name) => name.startsWith("@spendfuse/"))
    .map((name) => name.slice("@spendfuse/".length))
  expect([...packed].sort()).toEqual(needed.sort())
})

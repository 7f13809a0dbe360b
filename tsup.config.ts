import { readFileSync } from "node:fs"
import { defineConfig, type Options } from "tsup"

interface Manifest {
  readonly exports?: Readonly<Record<string, { readonly "@spendfuse/source": string }>>
}

// Runs in a package's folder: what `exports` names is what is built; a package without is a command line.
const manifest: Manifest = JSON.parse(readFileSync("package.json", "utf8"))
const entry = Object.values(manifest.exports ?? {}).map((paths) => paths["@spendfuse/source"])

const library: Options = { entry, platform: "neutral", dts: true }
const commandLine: Options = { entry: ["src/main.ts"], platform: "node" }

export default defineConfig({
  ...(entry.length > 0 ? library : commandLine),
  format: ["esm"],
  target: "es2022",
  splitting: true,
  sourcemap: true,
  clean: true,
  silent: true,
  removeNodeProtocol: false,
  external: [/^node:/],
})

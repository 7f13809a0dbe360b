// What a host pays in bytes: the public core, the memory store and the guarded fetch, as a bundler ships them.
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { isMain, root, SOURCE } from "./workspace.mjs"

/** Most bytes of the bundle, minified and gzipped. */
export const BUNDLE_BYTES_MAX = 40_000

const HOST = `
export { createSpendfuse, definePolicy } from "@spendfuse/core"
export { memoryStore } from "@spendfuse/store-memory"
export { guardedFetch } from "@spendfuse/adapters/fetch"
`

/**
 * Bundles the sources with all they import, Effect included as far as it is imported. The price data
 * is an entry of its own and not part of it.
 *
 * @returns bytes, minified and gzipped
 */
export const bundleBytes = async () => {
  const { outputFiles } = await build({
    stdin: { contents: HOST, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    conditions: [SOURCE, "import"],
    logLevel: "silent",
  })
  return gzipSync(outputFiles[0].contents).length
}

/** Answers what is wrong with its size. */
export const checkBundle = async () => {
  const bytes = await bundleBytes()
  return bytes <= BUNDLE_BYTES_MAX
    ? []
    : [`the bundle is ${bytes} bytes, above ${BUNDLE_BYTES_MAX}`]
}

if (isMain(import.meta.url))
  console.log(JSON.stringify({ bytes: await bundleBytes(), max: BUNDLE_BYTES_MAX }))

// What a host pays in bytes: the built core, memory store and guarded fetch, as a bundler ships them.
import { gzipSync } from "node:zlib"
import { build as bundle } from "esbuild"
import { build } from "./build.mjs"
import { isMain, root } from "./workspace.mjs"

/** What the bundle should have at most, minified and gzipped, in bytes: `npm run bench` says how far it is. */
export const BUNDLE_BYTES_GOAL = 40_000
/** What it has by now, rounded up, leases (5 kB), slices of streams (5 kB) and rules (1 kB) among it: more fails the check. */
const BUNDLE_BYTES_MAX = 69_000

const HOST = `
export { createSpendfuse } from "@spendfuse/core"
export { memoryStore } from "@spendfuse/store-memory"
export { guardedFetch } from "@spendfuse/adapters/fetch"
`
/** Reads policies from JSON at run time; brings Effect's Schema. A policy decoded ahead is plain data. */
const READING_POLICIES = `${HOST}export { definePolicy } from "@spendfuse/core"\n`

/**
 * The bundle of a host whose policy is plain data, with Effect as far as it is imported. The price data
 * is an entry of its own and not part of it.
 *
 * @returns bytes, minified and gzipped
 */
export const bundleBytes = () => bytesOf(HOST)

/** The same of a host that reads its policy at run time, as the README's does. */
export const readingBundleBytes = () => bytesOf(READING_POLICIES)

/** Answers what is wrong with its size. */
export const checkBundle = async () => {
  const bytes = await bundleBytes()
  return bytes <= BUNDLE_BYTES_MAX
    ? []
    : [`the bundle is ${bytes} bytes, above ${BUNDLE_BYTES_MAX}`]
}

const bytesOf = async (contents) => {
  const unbuilt = await build()
  if (unbuilt.length > 0) throw new Error(unbuilt.join("\n"))
  const { outputFiles } = await bundle({
    stdin: { contents, resolveDir: root },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    target: "es2022",
    logLevel: "silent",
  })
  return gzipSync(outputFiles[0].contents).length
}

if (isMain(import.meta.url)) {
  const bytes = await bundleBytes()
  const readingPolicies = await readingBundleBytes()
  console.log(JSON.stringify({ bytes, goal: BUNDLE_BYTES_GOAL, readingPolicies }))
}

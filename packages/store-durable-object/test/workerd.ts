import { join } from "node:path"
import { build } from "esbuild"
import { Miniflare } from "miniflare"

/** A Worker of this folder in the real runtime. */
export const startWorker = async (
  entry: string,
  options: { readonly persist?: string; readonly bindings?: Record<string, string> } = {},
): Promise<Miniflare> => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, "runtime/workerd", entry)],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    conditions: ["@spendfuse/source", "workerd"],
    logLevel: "silent",
  })
  const worker = new Miniflare({
    modules: true,
    script: outputFiles[0]?.text ?? "",
    compatibilityDate: "2026-07-01",
    durableObjects: { LEDGER: { className: "TestLedger", useSQLite: true } },
    ...(options.persist !== undefined && { durableObjectsPersist: options.persist }),
    ...(options.bindings !== undefined && { bindings: options.bindings }),
  })
  await worker.ready
  return worker
}

import { BUNDLE_BYTES_GOAL, bundleBytes, readingBundleBytes } from "../scripts/bundle.mjs"
import { exactly, type Ratio } from "./rounds.ts"

/** Sizes in kB, minified and gzipped, without price data: of a host whose policy is data, and of the README's. */
export const bundleRatios = async (): Promise<readonly Ratio[]> => {
  const bar = { goal: BUNDLE_BYTES_GOAL / 1_000, better: "lower" } as const
  return [
    exactly({ ...bar, name: "bundle", value: kilobytes(await bundleBytes()) }),
    exactly({
      ...bar,
      name: "bundle-reading-policies",
      value: kilobytes(await readingBundleBytes()),
    }),
  ]
}

const kilobytes = (bytes: number): number => Math.round(bytes / 100) / 10

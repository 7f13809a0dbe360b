/** What the bundle should have at most, minified and gzipped, in bytes. */
export declare const BUNDLE_BYTES_GOAL: number

/**
 * The bundle of core, memory store and guarded `fetch`, of a host whose policy is plain data. Builds the
 * packages first where their sources changed.
 *
 * @returns bytes, minified and gzipped
 */
export declare const bundleBytes: () => Promise<number>

/** The same of a host that reads its policy at run time, as the README's does. */
export declare const readingBundleBytes: () => Promise<number>

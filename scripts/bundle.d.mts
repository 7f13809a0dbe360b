/** Most bytes of the bundle, minified and gzipped. */
export declare const BUNDLE_BYTES_MAX: number

/**
 * The bundle of core, memory store and guarded `fetch`, of a host whose policy is plain data. Builds the
 * packages first where their sources changed.
 *
 * @returns bytes, minified and gzipped
 */
export declare const bundleBytes: () => Promise<number>

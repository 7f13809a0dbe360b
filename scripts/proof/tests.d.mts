/** Registers the proofs in small, as tests of one store. */
export declare const testProofs: (store: "redis" | "postgres", url: string) => void

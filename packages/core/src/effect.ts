/**
 * Spendfuse for programs written with Effect: service keys over the ports, layers, and the engine's
 * decisions as Effects with typed errors. Untraced unless asked.
 *
 * @module
 */
export * from "./host/layers.ts"

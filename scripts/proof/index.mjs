// What tests and `npm run proof` take; `index.d.mts` beside it tells how it is used.
export { proveLeases } from "./leased.mjs"
export { proveShared } from "./shared.mjs"
export { proveTraces } from "./traces.mjs"

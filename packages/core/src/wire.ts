/**
 * How ledgers and decisions are written down: exact JSON.
 *
 * @module
 */
export { fromJson, toJson, WIRE_VERSION } from "./wire/json.ts"

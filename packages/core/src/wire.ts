/**
 * How ledgers and decisions are written down: exact JSON.
 *
 * @module
 */
export {
  DEPTH_MAX,
  type Decoded,
  fromJson,
  type Shared,
  toJson,
  WIRE_VERSION,
} from "./wire/json.ts"

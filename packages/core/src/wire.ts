/**
 * How ledgers, decisions, commands and answers are written down, exactly.
 *
 * @module
 */

export {
  accountFromWire,
  eventFromWire,
  outcomeFromWire,
  termsFromWire,
} from "./wire/answer.ts"
export { termsToWire, toWire, type WireCommand } from "./wire/command.ts"
export {
  DEPTH_MAX,
  type Decoded,
  fromJson,
  type Shared,
  toJson,
  WIRE_VERSION,
} from "./wire/json.ts"
export { fromPlain, type Plain, toPlain } from "./wire/plain.ts"
export { Sharing } from "./wire/sharing.ts"
export { decodeText, encodeText } from "./wire/text.ts"

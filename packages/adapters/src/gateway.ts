/**
 * A gateway as one function from a Request to a Response: virtual keys in front, guarded providers behind. Web
 * standards only, so that any host can serve it; `spendfuse gateway` serves it on Node.
 *
 * @module
 */
export { type Gateway, gateway } from "./gateway/gateway.ts"
export type {
  AuthHeader,
  CallRecord,
  GatewayOptions,
  GatewayRules,
  Upstream,
  VirtualKey,
} from "./gateway/options.ts"

/**
 * Sessions of agents: a tree of helpers that shares one budget, and keeps something back for its last answer.
 *
 * It uses `node:async_hooks`, which Node, Deno, Bun and workerd have (workerd with the flag `nodejs_als`).
 *
 * @module
 */
export type {
  KeepBack,
  OpenOptions,
  Session,
  SessionsOptions,
  TierEvent,
} from "./session/options.ts"
export { openSessions, type Sessions } from "./session/sessions.ts"
export { SESSION_HEADER, sessionHeader } from "./session/token.ts"

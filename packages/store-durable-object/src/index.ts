/**
 * Spendfuse's store on Cloudflare Durable Objects: the core's step in an object for each division, kept in the
 * object's SQLite.
 *
 * @module
 */
export type { ObjectNamespace, ObjectState } from "./platform.ts"

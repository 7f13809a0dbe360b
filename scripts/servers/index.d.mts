import type {} from "vitest"

declare module "vitest" {
  interface ProvidedContext {
    /** The run's Redis: of a server that stands alone. It is shared: use `freshName` as key prefix. */
    redisUrl: string
    /** The masters of the run's Redis Cluster; any of them is a way in. It is shared as well. */
    redisClusterUrls: string[]
    /** The run's PostgreSQL. It is shared: use `freshName` as schema. */
    postgresUrl: string
  }
}

/** A server of one's own, to be killed at will. Data lies in a temporary folder unless `dir` was given. */
export interface Server {
  readonly url: string
  readonly port: number
  /** Of the process that runs now, or ran last. */
  readonly pid: number
  /** Kills all its processes at once, without a word (SIGKILL), and waits for their end. */
  readonly kill9: () => Promise<void>
  /** Starts it again on its data and its port, after an orderly stop where it still runs; waits until it answers. */
  readonly restart: () => Promise<void>
  /** Ends it, and removes the temporary folder. */
  readonly stop: () => Promise<void>
}

export interface RedisOptions {
  /** The append-only file: `no` keeps nothing (the default); the others say when it is synchronised. */
  readonly aof?: "always" | "everysec" | "no"
  /** As Redis writes it, e.g. `16mb`; then writes are refused when it is full (`noeviction`). */
  readonly maxmemory?: string
  /** The server that it follows. */
  readonly replicaOf?: { readonly port: number }
  /** The data's folder, which stays. */
  readonly dir?: string
  /** Any other setting of `redis.conf`. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/** Starts a Redis and waits until it answers. Fails with what to install where there is none. */
export declare const startRedis: (options?: RedisOptions) => Promise<Server>

export interface RedisCluster {
  /** Of the masters as they were at the start. */
  readonly urls: string[]
  /** All nodes, masters first; the replicas follow them in turn. */
  readonly nodes: readonly Server[]
  readonly stop: () => Promise<void>
}

export interface RedisClusterOptions {
  /** At least 3, or nobody can vote on a failover. */
  readonly masters?: number
  /** For each master. */
  readonly replicas?: number
  readonly aof?: "always" | "everysec" | "no"
  /** As of `startRedis`, for each node; a node is missed after 2 s of silence (`cluster-node-timeout`). */
  readonly settings?: Readonly<Record<string, string | number>>
}

/** Starts a cluster and waits until all nodes call it sound and all replicas follow. */
export declare const startRedisCluster: (options?: RedisClusterOptions) => Promise<RedisCluster>

export interface PostgresOptions {
  /** Holds the data's folder, which stays; as root, nobody must be able to write there. */
  readonly dir?: string
  /** Any setting of `postgresql.conf`. */
  readonly settings?: Readonly<Record<string, string | number>>
}

/** Starts a PostgreSQL that commits durably and waits until it answers. Fails with what to install where there is none. */
export declare const startPostgres: (options?: PostgresOptions) => Promise<Server>

/** PgBouncer in transaction mode before the server at `pgUrl`, which must trust its user. */
export declare const startPgbouncer: (options: {
  readonly pgUrl: string
  /** Connections to the server; 10 where it is not said. */
  readonly poolSize?: number
}) => Promise<{
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly stop: () => Promise<void>
}>

/** One request on its way: a Redis command, or all PostgreSQL messages up to Query or Sync. */
export interface Request {
  /** Connections in the order they came, from 1. */
  readonly connection: number
  /** Requests of the connection, from 1; PostgreSQL's log-in is none. */
  readonly request: number
  readonly bytes: Buffer
}

/**
 * What befalls one request.
 *
 * - `drop`: the server never sees it; the client's connection is reset.
 * - `delay`: it waits `ms`, and what the connection sends after it waits behind it.
 * - `duplicate`: the server gets it twice, one after the other; the client hears the first answer alone. The
 *   second Parse of a named PostgreSQL statement fails, and that is not heard either.
 * - `cut`: the server does it; `part` (0 to 1, less than all) of the answer's first frame arrives, then the
 *   connection ends.
 * - `stall`: the server does it; the answer comes after `ms`.
 */
export interface Fault {
  readonly kind: FaultKind
  readonly ms?: number
  readonly part?: number
}

export type FaultKind = "drop" | "delay" | "duplicate" | "cut" | "stall"

/** Decides on each request, in its order; `undefined` lets it pass. */
export type Plan = (request: Request) => Fault | undefined

export interface Proxy {
  /** The server's URL with the proxy's port. */
  readonly url: string
  readonly port: number
  /** What was done so far. */
  readonly happened: readonly {
    readonly kind: FaultKind
    readonly connection: number
    readonly request: number
  }[]
  /** From the next request on; nothing happens any more without one. */
  readonly setPlan: (plan?: Plan) => void
  /** Resets all connections there are. */
  readonly sever: () => void
  readonly stop: () => Promise<void>
}

/**
 * A proxy before the server at `url` (`redis:` or `postgres:`), on this machine's loopback. Subscriptions
 * (RESP2) and COPY do not go with faults. Before a Redis Cluster: one proxy for each node, and the client's
 * `natMap` from the nodes' addresses to the proxies'.
 */
export declare const startProxy: (options: {
  readonly url: string
  readonly plan?: Plan
}) => Promise<Proxy>

/**
 * A plan by chance: the request's place and the seed alone decide, so the same requests meet the same faults.
 * `chances` are 0 to 1 and add up to at most 1; `ms` is the longest delay or stall, 50 where it is not said.
 */
export declare const planBySeed: (options: {
  readonly seed: number
  readonly chances: Readonly<Partial<Record<FaultKind, number>>>
  readonly ms?: number
}) => Plan

/** A name that no other test has, in small letters, digits and `_`: a key prefix, and as it stands a schema. */
export declare const freshName: (what?: string) => string

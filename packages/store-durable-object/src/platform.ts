/**
 * A binding to Durable Objects, as far as the store uses it: what `env.NAME` is in a Worker. Each platform has its own
 * types of ids and requests, so none is named here.
 */
export interface ObjectNamespace {
  readonly idFromName: (name: string) => unknown
  get(id: never): ObjectStub
}

/** One object, to be asked over `fetch`: always a POST of text. */
export interface ObjectStub {
  fetch(url: string, init: never): Promise<CallAnswer>
}

/** What comes back. */
export interface CallAnswer {
  readonly status: number
  text(): Promise<string>
}

/** What the platform hands an object, as far as the ledger uses it. */
export interface ObjectState {
  readonly storage: ObjectStorage
  /** Ends the object: its next call begins it anew from what is stored. */
  abort(reason?: string): void
}

/** An object's storage; its class must be declared as one with SQLite. */
export interface ObjectStorage {
  readonly sql: SqlStorage
  transactionSync<Value>(act: () => Value): Value
  getAlarm(): Promise<number | null>
  setAlarm(atMs: number): Promise<void>
}

/** The part of the object's SQLite that the ledger uses. */
export interface SqlStorage {
  exec(query: string, ...bindings: (string | number | null)[]): Iterable<SqlRow>
}

/** A row by the names of its columns. */
export type SqlRow = Record<string, unknown>

import { type LedgerObjectOptions, ObjectLedger } from "./objectLedger.ts"
import type { ObjectState } from "./platform.ts"

/** A Durable Object that keeps one division's ledger. */
export interface LedgerObject {
  fetch(request: Request): Promise<Response>
  alarm(): Promise<void>
}

/** The class that a Worker exports, under the name that its configuration binds. */
export type LedgerObjectClass<Env> = new (state: ObjectState, env: Env) => LedgerObject

/**
 * Makes the class of the objects that keep the ledger, to be exported from a Worker. Its configuration declares it
 * with `new_sqlite_classes`. Nobody but a `durableObjectStore` asks these objects anything.
 *
 * @example
 * export const SpendfuseLedger = ledgerObject()
 */
export const ledgerObject = <Env = unknown>(
  options: LedgerObjectOptions<Env> = {},
): LedgerObjectClass<Env> =>
  class SpendfuseLedger implements LedgerObject {
    readonly #ledger: ObjectLedger<Env>

    constructor(state: ObjectState, env: Env) {
      this.#ledger = new ObjectLedger(state, env, options)
    }

    async fetch(request: Request): Promise<Response> {
      return new Response(await this.#ledger.answer(await request.text()))
    }

    alarm(): Promise<void> {
      return this.#ledger.ring()
    }
  }

import { type LedgerObject, ledgerObject, type ObjectState } from "@spendfuse/store-durable-object"

const Ledger = ledgerObject()

/** An object that a test can end, or mark as a newer version's. */
export class TestLedger extends Ledger implements LedgerObject {
  readonly #state: ObjectState & { readonly storage: { sync(): Promise<void> } }

  constructor(state: ObjectState & { readonly storage: { sync(): Promise<void> } }, env: unknown) {
    super(state, env)
    this.#state = state
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === "/newer") {
      this.#state.storage.sql.exec("UPDATE facts SET value = 'to come' WHERE name = 'form'")
      await this.#state.storage.sync()
    }
    if (pathname === "/newer" || pathname === "/evict") this.#state.abort("ended by a test")
    return super.fetch(request)
  }
}

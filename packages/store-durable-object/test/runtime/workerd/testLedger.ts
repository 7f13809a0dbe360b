import { createDispatcher, type DomainEvent } from "@spendfuse/core"
import {
  type LedgerObject,
  ledgerObject,
  type ObjectState,
  type ObjectStorage,
} from "@spendfuse/store-durable-object"

/** What a test binds beside the objects. */
interface TestEnv {
  /** Told each event that the objects' alarms bring, where there is one. */
  readonly TOLD?: { readonly fetch: (url: string, init: RequestInit) => Promise<Response> }
}

interface TestState extends ObjectState {
  readonly storage: ObjectStorage & { sync(): Promise<void> }
}

const Ledger = ledgerObject<TestEnv>({
  dispatch: (store, { TOLD }) => {
    if (TOLD === undefined) return Promise.resolve()
    const deliver = async (events: readonly DomainEvent[]): Promise<void> => {
      const body = JSON.stringify(events.map(({ id }) => id))
      const answer = await TOLD.fetch("https://told.invalid/", { method: "POST", body })
      if (!answer.ok) throw new Error(`status ${answer.status}`)
    }
    return createDispatcher({ store, notifiers: { page: { name: "told", deliver } } }).once()
  },
})

/** What a test does to an object's tables. */
const HARM: Readonly<Record<string, string>> = {
  "/newer": "UPDATE facts SET value = 'to come' WHERE name = 'form'",
  "/full":
    "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'database is full'); END",
  "/room": "DROP TRIGGER full",
}

/** An object that a test can look into, harm, and end. */
export class TestLedger extends Ledger implements LedgerObject {
  readonly #state: TestState

  constructor(state: TestState, env: TestEnv) {
    super(state, env)
    this.#state = state
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    const { sql } = this.#state.storage
    if (pathname === "/rows") {
      const [row] = sql.exec("SELECT count(*) AS count, sum(length(body)) AS chars FROM journal")
      return Response.json(row)
    }
    const harm = HARM[pathname]
    if (harm !== undefined) {
      sql.exec(harm)
      await this.#state.storage.sync()
    }
    if (pathname === "/full" || pathname === "/room") return new Response("done")
    if (pathname !== "/") this.#state.abort("ended by a test")
    return super.fetch(request)
  }
}

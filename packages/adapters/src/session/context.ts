import { AsyncLocalStorage } from "node:async_hooks"
import type { Session } from "./options.ts"

/** In which session, and for what, the work that runs now was started. */
interface Now {
  readonly session: Session
  readonly isFinal: boolean
}

/** The host's async context: what is started within a session stays in it, over every await. */
export class SessionContext {
  readonly #now = new AsyncLocalStorage<Now>()

  get current(): Session | undefined {
    return this.#now.getStore()?.session
  }

  get isFinal(): boolean {
    return this.#now.getStore()?.isFinal ?? false
  }

  run<Value>(session: Session, isFinal: boolean, work: () => Value): Value {
    return this.#now.run({ session, isFinal }, work)
  }
}

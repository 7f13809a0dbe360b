import type { CommandError } from "../domain/outcome.ts"

/** A request that cannot be decided: not a lack of money but a fault, named by its tag (`error`). */
export class RequestFailed extends Error {
  readonly _tag = "RequestFailed"
  override readonly name = "RequestFailed"
  /** One of the closed list of the reference: `missing-dimension`, `unknown-model`, `invalid-command`, … */
  readonly error: CommandError
  /** What is wrong and the mend, without the tag. */
  readonly detail: string
  constructor(error: CommandError, detail: string) {
    super(`${error}: ${detail}`)
    this.error = error
    this.detail = detail
  }
}

/** Used after `close`. */
export class SpendfuseClosed extends Error {
  readonly _tag = "SpendfuseClosed"
  override readonly name = "SpendfuseClosed"
  constructor() {
    super("spendfuse was closed; create a new one")
  }
}

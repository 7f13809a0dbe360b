/** The store did not answer. The batch may have been applied: resend it under the same ids. */
export class StoreUnavailable extends Error {
  readonly _tag = "StoreUnavailable"
  override readonly name = "StoreUnavailable"
  constructor(store: string, cause: unknown) {
    super(`store \`${store}\` did not answer`, { cause })
  }
}

/** What the store holds cannot be read: damaged, or written by a newer version. Nothing was changed. */
export class StoreCorrupt extends Error {
  readonly _tag = "StoreCorrupt"
  override readonly name = "StoreCorrupt"
  constructor(store: string, detail: string) {
    super(`store \`${store}\` cannot be read: ${detail}`)
  }
}

/** A notifier did not deliver. Not retryable is final: the row becomes a dead letter. */
export class NotifyFailed extends Error {
  readonly _tag = "NotifyFailed"
  override readonly name = "NotifyFailed"
  readonly retryable: boolean
  /** Not before this long from now, where the receiver said so; it is waited for an hour at most. Milliseconds. */
  readonly retryAfterMs: number | null
  /** What an operator may read: `status 404`. Never a URL, a secret or a text of the far side. */
  readonly detail: string | null
  constructor(
    notifier: string,
    options: { retryable: boolean; retryAfterMs?: number; detail?: string; cause?: unknown },
  ) {
    const why = options.detail === undefined ? "" : `: ${options.detail}`
    super(`notifier \`${notifier}\` did not deliver${why}`, { cause: options.cause })
    this.retryable = options.retryable
    this.retryAfterMs = options.retryAfterMs ?? null
    this.detail = options.detail ?? null
  }
}

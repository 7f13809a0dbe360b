import type { DomainEvent } from "../../domain/event.ts"
import type { Store } from "../../ports/Store.ts"
import { attempt } from "../attempt.ts"
import type { Notice } from "../notice.ts"
import { describe } from "./delivering.ts"

export interface HookOptions {
  readonly store: Store
  readonly onEvent: (event: DomainEvent) => void
  readonly onNotice: (notice: Notice) => void
}

const PAGE = 256

/** Reads the log of events to the host's hook: what nobody has heard, in order. */
export class Hook {
  readonly #options: HookOptions
  #cursor: string | undefined
  #running: Promise<void> | null = null
  #again = false

  constructor(options: HookOptions) {
    this.#options = options
  }

  /** Reads on, and once more where something was written meanwhile. */
  wake(): void {
    this.#again = true
    this.#running ??= this.#tellAll()
      .catch((error: unknown) => this.#warn(error))
      .finally(() => {
        this.#running = null
        // What was written since its last look, while it was ending.
        if (this.#again) this.wake()
      })
  }

  get running(): readonly Promise<void>[] {
    return this.#running === null ? [] : [this.#running]
  }

  async #tellAll(): Promise<void> {
    const { store } = this.#options
    while (this.#again) {
      this.#again = false
      const after = this.#cursor === undefined ? {} : { after: this.#cursor }
      const page = await store.unheard({ ...after, limit: PAGE })
      for (const event of page.items) this.#tell(event)
      if (page.next !== null) this.#cursor = page.next
      // The next look also tells the store that these were heard.
      if (page.items.length > 0) this.#again = true
    }
  }

  /** A hook that fails misses this event, and hears the next. */
  #tell(event: DomainEvent): void {
    attempt(
      () => this.#options.onEvent(event),
      (error) => this.#warn(error),
    )
  }

  #warn(error: unknown): void {
    this.#options.onNotice({ kind: "warning", message: `the event hook: ${describe(error)}` })
  }
}

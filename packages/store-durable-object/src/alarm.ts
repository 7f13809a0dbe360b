import type { ObjectStorage } from "./platform.ts"

/** An object's one alarm, at the soonest instant at which something moves by itself. Epoch milliseconds. */
export class Alarm {
  readonly #storage: ObjectStorage
  /** Undefined until it was read. */
  #setMs: number | null | undefined
  #wantedMs = Number.POSITIVE_INFINITY

  constructor(storage: ObjectStorage) {
    this.#storage = storage
  }

  /** At that instant at the latest. */
  want(atMs: number): void {
    if (atMs < this.#wantedMs) this.#wantedMs = atMs
  }

  /** Sets it where it is wanted sooner than it is set. */
  async arm(): Promise<void> {
    if (this.#wantedMs === Number.POSITIVE_INFINITY) return
    if (this.#setMs === undefined) this.#setMs = await this.#storage.getAlarm()
    const wantedMs = this.#wantedMs
    this.#wantedMs = Number.POSITIVE_INFINITY
    if (this.#setMs !== null && this.#setMs <= wantedMs) return
    this.#setMs = wantedMs
    await this.#storage.setAlarm(wantedMs)
  }

  /** It has rung: the platform keeps none now. */
  rang(): void {
    this.#setMs = null
  }
}

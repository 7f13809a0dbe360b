import type { ObjectStorage } from "./platform.ts"

/** An object's one alarm, at the soonest instant at which something moves by itself. Epoch milliseconds. */
export class Alarm {
  readonly #storage: Pick<ObjectStorage, "getAlarm" | "setAlarm">
  /** Null where none is set. */
  #setMs: number | null = null
  #read: Promise<void> | null = null
  #wantedMs = Number.POSITIVE_INFINITY

  constructor(storage: Pick<ObjectStorage, "getAlarm" | "setAlarm">) {
    this.#storage = storage
  }

  /** At that instant at the latest. */
  want(atMs: number): void {
    if (atMs < this.#wantedMs) this.#wantedMs = atMs
  }

  /** Sets it where it is wanted sooner than it is set. */
  async arm(): Promise<void> {
    if (this.#wantedMs === Number.POSITIVE_INFINITY) return
    this.#read ??= this.#storage.getAlarm().then((atMs) => {
      this.#setMs = atMs
    })
    await this.#read
    const wantedMs = this.#wantedMs
    this.#wantedMs = Number.POSITIVE_INFINITY
    if (wantedMs >= (this.#setMs ?? Number.POSITIVE_INFINITY)) return
    this.#setMs = wantedMs
    await this.#storage.setAlarm(wantedMs)
  }

  /** It has rung: the platform keeps none now. */
  rang(): void {
    this.#read = Promise.resolve()
    this.#setMs = null
  }
}

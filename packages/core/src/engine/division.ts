import { type CommandId, IN_FLIGHT_MAX } from "../domain/command.ts"

/** What numbering gives a command. */
export interface Head {
  readonly id: CommandId
  readonly done: number
}

interface RoomOptions {
  readonly deadlineMs: number
  /** None came free in time. */
  readonly onLate: () => void
  readonly signal: AbortSignal | undefined
}

/** The numbers of one source in one division: which were given out, and up to which all are answered. */
export class Division {
  readonly name: string
  /** The highest `done` that the store has heard and answered to. */
  told = 0
  /** The store has applied something under this name: an error makes no name known. */
  isKnown = false
  /** When it was last answered, by the host's wall clock. */
  answeredAtMs = 0
  #n = 0
  #done = 0
  readonly #answered = new Set<number>()
  readonly #waiting: (() => void)[] = []

  constructor(name: string) {
    this.name = name
  }

  get isIdle(): boolean {
    return this.#n === this.#done
  }

  get isFull(): boolean {
    return this.#n - this.#done >= IN_FLIGHT_MAX
  }

  /** The next number; null where too many are unanswered. */
  take(source: string): Head | null {
    if (this.isFull) return null
    this.#n += 1
    const done = this.isKnown || this.#n > IN_FLIGHT_MAX ? this.#done : 0
    return { id: { source, n: this.#n }, done }
  }

  /** Resolves when a number is free, or after the deadline. Rejects with the signal's reason. */
  room({ deadlineMs, onLate, signal }: RoomOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener("abort", onAbort)
        const at = this.#waiting.indexOf(go)
        if (at >= 0) this.#waiting.splice(at, 1)
      }
      const go = (): void => {
        end()
        resolve()
      }
      const onAbort = (): void => {
        end()
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        end()
        onLate()
        resolve()
      }, deadlineMs)
      this.#waiting.push(go)
      signal?.addEventListener("abort", onAbort, { once: true })
    })
  }

  answered(n: number): void {
    if (n === this.#done + 1) this.#done = n
    else if (n > this.#done) this.#answered.add(n)
    if (this.#answered.size > 0) while (this.#answered.delete(this.#done + 1)) this.#done += 1
    if (this.#waiting.length === 0) return
    const free = IN_FLIGHT_MAX - (this.#n - this.#done)
    for (const go of this.#waiting.slice(0, free)) go()
  }

  tell(done: number, isError: boolean, atMs: number): void {
    if (!isError) this.isKnown = true
    if (done > this.told) this.told = done
    this.answeredAtMs = atMs
  }

  /** The source has a new name: whoever waited for a number of the old one asks again. */
  leave(): void {
    for (const go of [...this.#waiting]) go()
  }
}

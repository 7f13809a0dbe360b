import { hear } from "./client.ts"

/** Hears of what is written in a schema. */
export interface Listener {
  readonly listen: (onWritten: () => void) => () => void
  readonly close: () => Promise<void>
}

const AGAIN_FIRST_MS = 500
const AGAIN_MAX_MS = 30_000

/**
 * Listens on one connection of its own from the first that wants to hear. One that breaks is made again, later
 * each time; what was written meanwhile is found by looking, so that everybody is called once it stands again.
 */
export const listening = (url: string, schema: string): Listener => new OneConnection(url, schema)

class OneConnection implements Listener {
  readonly #url: string
  readonly #schema: string
  readonly #heard = new Set<() => void>()
  #hearing: Promise<() => Promise<void>> | null = null
  #timer: ReturnType<typeof setTimeout> | null = null
  #delayMs = AGAIN_FIRST_MS
  #isClosed = false

  constructor(url: string, schema: string) {
    this.#url = url
    this.#schema = schema
  }

  readonly listen = (onWritten: () => void): (() => void) => {
    // A function of its own for each: the same one may be given twice.
    const told = (): void => onWritten()
    this.#heard.add(told)
    if (this.#hearing === null && this.#timer === null) void this.#connect()
    return () => {
      this.#heard.delete(told)
    }
  }

  readonly close = async (): Promise<void> => {
    this.#isClosed = true
    this.#heard.clear()
    if (this.#timer !== null) clearTimeout(this.#timer)
    const end = await this.#hearing?.catch(() => null)
    await end?.()
  }

  async #connect(): Promise<void> {
    this.#timer = null
    this.#hearing = hear(this.#url, "spendfuse", {
      told: (schema) => {
        if (schema === this.#schema) this.#tell()
      },
      ended: () => this.#again(),
    })
    try {
      await this.#hearing
      this.#delayMs = AGAIN_FIRST_MS
      this.#tell()
    } catch {
      this.#again()
    }
  }

  #again(): void {
    this.#hearing = null
    if (this.#isClosed || this.#timer !== null) return
    this.#timer = setTimeout(() => void this.#connect(), this.#delayMs)
    this.#timer.unref()
    this.#delayMs = Math.min(this.#delayMs * 2, AGAIN_MAX_MS)
  }

  #tell(): void {
    for (const told of this.#heard) told()
  }
}

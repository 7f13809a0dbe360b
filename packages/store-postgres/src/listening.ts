import { Client } from "pg"

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
  #client: Client | null = null
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
    if (this.#client === null && this.#timer === null) void this.#connect()
    return () => {
      this.#heard.delete(told)
    }
  }

  readonly close = async (): Promise<void> => {
    this.#isClosed = true
    this.#heard.clear()
    if (this.#timer !== null) clearTimeout(this.#timer)
    await this.#client?.end().catch(ignore)
  }

  async #connect(): Promise<void> {
    this.#timer = null
    if (this.#isClosed) return
    const client = new Client({
      connectionString: this.#url,
      connectionTimeoutMillis: 5_000,
      keepAlive: true,
      application_name: "spendfuse listen",
    })
    this.#client = client
    client.on("error", ignore)
    client.once("end", () => this.#again())
    client.on("notification", ({ payload }) => {
      if (payload === this.#schema) this.#tell()
    })
    try {
      await client.connect()
      await client.query("listen spendfuse")
      this.#delayMs = AGAIN_FIRST_MS
      this.#tell()
    } catch {
      await client.end().catch(ignore)
      this.#again()
    }
  }

  #again(): void {
    if (this.#isClosed || this.#timer !== null) return
    this.#client = null
    this.#timer = setTimeout(() => void this.#connect(), this.#delayMs)
    this.#timer.unref()
    this.#delayMs = Math.min(this.#delayMs * 2, AGAIN_MAX_MS)
  }

  #tell(): void {
    for (const told of this.#heard) told()
  }
}

const ignore = (): void => undefined

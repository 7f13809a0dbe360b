import { StoreCorrupt } from "@spendfuse/core/ports"
import { decodeText, encodeText } from "@spendfuse/core/wire"
import { type Call, type Client, type Script, scriptOf } from "./client.ts"
import { faultOf } from "./errors.ts"
import { LAYOUT, registryOf } from "./keys.ts"
import { SCRIPTS } from "./scripts.ts"

interface DivisionsOptions {
  readonly name: string
  readonly client: Client
  readonly prefix: string
  /** In a Cluster: what a division takes over once it is listed, before its first command. */
  readonly takeOver?: ((division: string) => Promise<void>) | undefined
}

/**
 * Which divisions there are: each process lists one before it first writes to it, again after a while, and where
 * the connection is another: the server may have lost what it knew.
 */
export class Divisions {
  readonly #options: DivisionsOptions
  readonly #listed = new Map<string, { readonly atMs: number; readonly done: Promise<void> }>()

  #connections = 0

  constructor(options: DivisionsOptions) {
    this.#options = options
  }

  /**
   * Resolves once the division is listed; null where it is.
   *
   * @throws StoreCorrupt where what is kept has a newer layout; StoreUnavailable
   */
  listed(division: string): Promise<void> | null {
    const { connections } = this.#options.client
    // The first one is the one that the first listing waited for.
    if (connections > Math.max(1, this.#connections)) this.#listed.clear()
    this.#connections = connections
    const known = this.#listed.get(division)
    const nowMs = performance.now()
    if (known !== undefined && nowMs - known.atMs < LISTED_AGAIN_MS)
      return known.done === DONE ? null : known.done
    if (this.#listed.size >= LISTED_MAX) this.#listed.clear()
    const done = this.#list(division).then(
      () => {
        this.#listed.set(division, { atMs: nowMs, done: DONE })
      },
      (error: unknown) => {
        this.#listed.delete(division)
        throw error
      },
    )
    this.#listed.set(division, { atMs: nowMs, done })
    return done
  }

  /** All divisions that any process listed. */
  async all(): Promise<readonly string[]> {
    const { name, prefix } = this.#options
    const names: string[] = []
    for (let after = ""; ; ) {
      const page = await this.#run({
        script: ALL,
        keys: [registryOf(prefix)[0]],
        args: [after, String(PAGE)],
      })
      if (!Array.isArray(page)) throw new StoreCorrupt(name, "the list of divisions is none")
      for (const encoded of page) {
        const division = decodeText(String(encoded))
        if (division === undefined) throw new StoreCorrupt(name, "a division's name is none")
        names.push(division)
      }
      if (page.length < PAGE) return names
      after = String(page.at(-1))
    }
  }

  async #list(division: string): Promise<void> {
    const { name, prefix, takeOver } = this.#options
    const args = [String(LAYOUT), encodeText(division)]
    const layout = Number(await this.#run({ script: REGISTER, keys: registryOf(prefix), args }))
    if (!(layout <= LAYOUT))
      throw new StoreCorrupt(
        name,
        `it has layout ${layout}, and this version reads ${LAYOUT}; upgrade`,
      )
    await takeOver?.(division)
  }

  async #run(call: Call): Promise<unknown> {
    const { client, name } = this.#options
    const [reply] = await client.run([call])
    if (reply?.ok !== true) throw faultOf(name, reply?.error)
    return reply.value
  }
}

const DONE: Promise<void> = Promise.resolve()
/** A failover may lose the list's last entries, or a switch: whoever uses a division lists it again. */
const LISTED_AGAIN_MS = 300_000
const LISTED_MAX = 100_000
const PAGE = 1_000
const ALL: Script = scriptOf(SCRIPTS.divisions)
const REGISTER: Script = scriptOf(SCRIPTS.register)

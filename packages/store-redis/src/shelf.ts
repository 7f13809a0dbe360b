import type { Call, Client } from "./client.ts"
import type { Divisions } from "./divisions.ts"
import { faultOf } from "./errors.ts"
import { baseOf } from "./keys.ts"
import type { RedisStoreNotice } from "./options.ts"

interface ShelfOptions {
  readonly name: string
  readonly prefix: string
  readonly client: Client
  readonly divisions: Divisions
  readonly onNotice: (notice: RedisStoreNotice) => void
}

/** What all parts of the store share: where keys lie, and how scripts are run over many divisions. */
export class Shelf {
  readonly name: string
  readonly client: Client
  readonly divisions: Divisions
  readonly onNotice: (notice: RedisStoreNotice) => void
  readonly #prefix: string
  readonly #bases = new Map<string, string>()

  constructor({ name, prefix, client, divisions, onNotice }: ShelfOptions) {
    this.name = name
    this.client = client
    this.divisions = divisions
    this.onNotice = onNotice
    this.#prefix = prefix
  }

  base(division: string): string {
    let base = this.#bases.get(division)
    if (base === undefined) {
      if (this.#bases.size >= BASES_MAX) this.#bases.clear()
      base = baseOf(this.#prefix, division)
      this.#bases.set(division, base)
    }
    return base
  }

  /** The divisions that have an outbox: on one server that of `*` is everybody's. */
  async outboxes(): Promise<readonly string[]> {
    return this.client.isCluster ? this.divisions.all() : ["*"]
  }

  /** The division whose outbox a command's events go to. */
  outboxOf(division: string): string {
    return this.client.isCluster ? division : "*"
  }

  /** @throws StoreUnavailable or StoreCorrupt */
  async one(call: Call): Promise<unknown> {
    const [reply] = await this.client.run([call])
    if (reply?.ok !== true) throw faultOf(this.name, reply?.error)
    return reply.value
  }

  /** Runs one call in each division, in bounded numbers at once; answers in the same order. */
  async each(
    calls: readonly { readonly division: string; readonly call: Call }[],
  ): Promise<readonly unknown[]> {
    const answers: unknown[] = []
    for (let from = 0; from < calls.length; from += AT_ONCE) {
      const some = calls.slice(from, from + AT_ONCE)
      answers.push(...(await Promise.all(some.map(({ call }) => this.one(call)))))
    }
    return answers
  }
}

const AT_ONCE = 64
const BASES_MAX = 10_000

import type { Command } from "@spendfuse/core/domain"
import { type Applied, StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"
import { encodeText } from "@spendfuse/core/wire"
import { type Call, type Client, type Script, scriptOf } from "./client.ts"
import { faultOf } from "./errors.ts"
import { baseOf } from "./keys.ts"
import type { RedisStoreNotice, RedisStoreSettings } from "./options.ts"
import { SCRIPTS } from "./scripts.ts"

interface SwitchesOptions {
  readonly name: string
  readonly client: Client
  readonly prefix: string
  readonly settings: Pick<RedisStoreSettings, "nowMs" | "replicaWaitMs">
  readonly onNotice: (notice: RedisStoreNotice) => void
}

/**
 * The switches of `*` in a Cluster, where a decision sees its own division only: each division has a copy. What is
 * copied is read in `*` under a turn that only grows, and a division takes nothing of an earlier turn, so
 * copies may come in any order, and again.
 */
export class Switches {
  readonly #options: SwitchesOptions

  constructor(options: SwitchesOptions) {
    this.#options = options
  }

  /**
   * Brings all that is off in `*` to a division, which was listed before: a switch that is turned later finds it.
   *
   * @throws StoreUnavailable; StoreCorrupt
   */
  takeOver(division: string): Promise<void> {
    return this.#bring(undefined, [division], undefined)
  }

  /**
   * Brings switches as they stand in `*` to divisions: to all that can be reached.
   *
   * @throws StoreUnavailable where one could not be reached; StoreCorrupt
   */
  async spread(
    turned: readonly string[],
    divisions: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const results = await Promise.allSettled(
      turned.map((one) => this.#bring(one, divisions, signal)),
    )
    for (const result of results) if (result.status === "rejected") throw result.reason
    await this.#replicated(divisions)
  }

  async #bring(
    one: string | undefined,
    divisions: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const which = one === undefined ? [] : [encodeText(one)]
    const extent = one === undefined ? "all" : "one"
    let left = divisions.filter((division) => division !== "*")
    // A turn is overtaken where another process brings a later one, or where a failover lost turns of `*`.
    for (let above = 0, tries = 0; left.length > 0; tries++) {
      if (tries === TRIES_MAX) throw this.#unavailable("others turned the same switch meanwhile")
      const read = await this.#run("*", OFF, [String(above), ...which], signal)
      if (!Array.isArray(read))
        throw new StoreCorrupt(this.#options.name, "the switches cannot be read")
      const later: string[] = []
      const newest = await this.#each(left, async (division) => {
        const turn = Number(await this.#run(division, TAKE, [extent, ...read.map(String)], signal))
        if (turn > 0) later.push(division)
        return turn
      })
      above = Math.max(0, ...newest)
      left = later
    }
  }

  /** In bounded numbers at once; where some fail the others are still done. */
  async #each(
    divisions: readonly string[],
    act: (division: string) => Promise<number>,
  ): Promise<readonly number[]> {
    const turns: number[] = []
    let fault: unknown
    for (let from = 0; from < divisions.length; from += AT_ONCE) {
      const some = divisions.slice(from, from + AT_ONCE)
      for (const result of await Promise.allSettled(some.map(act)))
        if (result.status === "fulfilled") turns.push(result.value)
        else fault ??= result.reason
    }
    if (fault !== undefined) throw fault
    return turns
  }

  /** A copy that a failover loses comes back when its division is listed again. */
  async #replicated(divisions: readonly string[]): Promise<void> {
    const { client, name, prefix, settings, onNotice } = this.#options
    const { replicaWaitMs = WAIT_MS } = settings
    const lacking = await this.#each(divisions, async (division) => {
      const wait = client.replicated(baseOf(prefix, division), replicaWaitMs)
      return (await wait.catch(() => false)) ? 0 : 1
    })
    const count = lacking.reduce((sum, one) => sum + one, 0)
    if (count > 0)
      onNotice({
        kind: "not-replicated",
        message: `store \`${name}\`: in ${count} divisions no replica had a switch within ${replicaWaitMs} ms; a failover now may lose it there for 5 minutes`,
      })
  }

  async #run(
    division: string,
    script: Script,
    args: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { client, name, prefix, settings } = this.#options
    const { nowMs } = settings
    const now = nowMs === undefined ? "" : String(nowMs())
    const call: Call = { script, keys: [baseOf(prefix, division)], args: [now, ...args] }
    const [reply] = await client.run([call], signal)
    if (reply?.ok !== true) throw faultOf(name, reply?.error)
    return reply.value
  }

  #unavailable(why: string): StoreUnavailable {
    return new StoreUnavailable(this.#options.name, new Error(why))
  }
}

/** The switches that commands turned in `*`, each once; those too that were turned before and are answered again. */
export const turnedIn = (
  commands: readonly Command[],
  applied: readonly Applied[],
): readonly string[] => {
  const turned = new Set<string>()
  for (const [at, command] of commands.entries())
    if (command.kind === "switch" && command.division === "*")
      if (applied[at]?.outcome.kind === "switched") turned.add(command.switch)
  return [...turned]
}

const AT_ONCE = 64
const WAIT_MS = 100
const TRIES_MAX = 32
const OFF: Script = scriptOf(SCRIPTS.off)
const TAKE: Script = scriptOf(SCRIPTS.take)

import { SHARED_DIVISION } from "@spendfuse/core/domain"
import { StoreCorrupt } from "@spendfuse/core/ports"
import { decodeText } from "@spendfuse/core/wire"
import type { Objects } from "./objects.ts"
import { NAME } from "./tables.ts"

/** Which divisions there are: the object of `*` lists them, each before its first command. */
export class Divisions {
  readonly #objects: Objects

  constructor(objects: Objects) {
    this.#objects = objects
  }

  /** All that were listed, `*` the first. */
  async all(): Promise<readonly string[]> {
    const names: string[] = [SHARED_DIVISION]
    for (let after = ""; ; ) {
      const page = await this.#objects.ask(SHARED_DIVISION, "divisions", [after, PAGE])
      for (const encoded of page) {
        const name = decodeText(encoded)
        if (name === undefined) throw new StoreCorrupt(NAME, "a division's name is none")
        names.push(name)
      }
      if (page.length < PAGE) return names
      after = page.at(-1) ?? ""
    }
  }

  /** Lists a division, which takes over the switches of `*`: one that is turned later finds it. */
  async list(division: string, signal?: AbortSignal): Promise<void> {
    const turned = await this.#objects.ask(SHARED_DIVISION, "enlist", [division], signal)
    await this.#objects.ask(division, "take", [turned], signal)
  }

  /** Brings the switches of `*` to every division: to all that can be reached. */
  async spread(signal?: AbortSignal): Promise<void> {
    const divisions = await this.all()
    const turned = await this.#objects.ask(SHARED_DIVISION, "switches", [], signal)
    const others = divisions.filter((division) => division !== SHARED_DIVISION)
    await inTurns(others, (division) => this.#objects.ask(division, "take", [turned], signal))
  }

  /** Asks all divisions; answers in their order. */
  async each<Value>(
    ask: (division: string) => Promise<Value>,
  ): Promise<readonly (readonly [division: string, value: Value])[]> {
    const divisions = await this.all()
    const values = await inTurns(divisions, ask)
    return divisions.map((division, at) => [division, values[at] as Value] as const)
  }
}

const PAGE = 1_000
const AT_ONCE = 32

/** In bounded numbers at once; where some fail the others are still done. */
const inTurns = async <Item, Value>(
  items: readonly Item[],
  act: (item: Item) => Promise<Value>,
): Promise<readonly Value[]> => {
  const values: Value[] = []
  let failed: { readonly why: unknown } | null = null
  for (let from = 0; from < items.length; from += AT_ONCE) {
    const some = items.slice(from, from + AT_ONCE)
    for (const result of await Promise.allSettled(some.map(act)))
      if (result.status === "fulfilled") values.push(result.value)
      else failed ??= { why: result.reason }
  }
  if (failed !== null) throw failed.why
  return values
}

import type { Store } from "@spendfuse/core/ports"
import { encodeText } from "@spendfuse/core/wire"
import { durableObjectStore, type ObjectNamespace } from "@spendfuse/store-durable-object"
import { type ConformanceOptions, conformanceLaws } from "../../../../core/src/testing.ts"

export { TestLedger } from "./testLedger.ts"

interface Env {
  readonly LEDGER: ObjectNamespace
}

interface Wanted {
  readonly law: string
  readonly runs: number
  readonly seed: number
}

/** Tries one law inside the runtime: answers what was found, nothing where the law holds. */
export default {
  fetch: async (request: Request, env: Env): Promise<Response> => {
    const { law, runs, seed } = (await request.json()) as Wanted
    const laws = conformanceLaws({ ...optionsOf(env), runs, seed })
    const found = await laws
      .find(({ id }) => id === law)
      ?.run()
      .then(
        () => "",
        (error: unknown) => String((error as Error).stack),
      )
    return new Response(found ?? `there is no law ${law}`)
  },
}

const optionsOf = ({ LEDGER }: Env): ConformanceOptions => {
  const opened = new WeakMap<Store, Opened>()
  const openAs = (prefix: string, how: Parameters<ConformanceOptions["open"]>[0]) => {
    const names = new Set<string>()
    const store = durableObjectStore({ namespace: recording(LEDGER, names), prefix, ...how })
    opened.set(store, { names, prefix })
    const restart = async () => {
      for (const name of names) await ended(LEDGER, name, "evict")
      return openAs(prefix, how)
    }
    return { store, restart }
  }
  return {
    open: async (how) => openAs(`lawful-${crypto.randomUUID()}`, how),
    spansDivisions: false,
    share: 5,
    opensBeside: true,
    corrupt: async ({ store }, { division }) => {
      const { prefix } = opened.get(store) as Opened
      await ended(LEDGER, `${prefix}/=${encodeText(division)}`, "newer")
    },
  }
}

interface Opened {
  readonly names: Set<string>
  readonly prefix: string
}

const recording = (namespace: ObjectNamespace, names: Set<string>): ObjectNamespace => ({
  idFromName: (name) => {
    names.add(name)
    return namespace.idFromName(name)
  },
  get: (id) => namespace.get(id),
})

/** Its call never comes back: the object ends under it. */
const ended = async (namespace: ObjectNamespace, name: string, verb: string): Promise<void> => {
  const stub = namespace.get(namespace.idFromName(name) as never)
  await stub.fetch(`https://ledger.invalid/${verb}`, { method: "POST", body: "" } as never).then(
    () => {
      throw new Error("an object went on after its end")
    },
    () => undefined,
  )
}

import type { Store } from "@spendfuse/core/ports"
import { fromJson, toJson } from "@spendfuse/core/wire"
import { durableObjectStore, type ObjectNamespace } from "@spendfuse/store-durable-object"

export { TestLedger } from "./testLedger.ts"

interface Env {
  readonly LEDGER: ObjectNamespace
}

/** Calls one method of a store for a test, or one of its objects by its name. */
export default {
  fetch: async (request: Request, env: Env): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const text = await request.text()
    if (pathname !== "/store") {
      const stub = env.LEDGER.get(env.LEDGER.idFromName(text) as never)
      const call = stub.fetch(`https://ledger.invalid${pathname}`, {
        method: "POST",
        body: "",
      } as never)
      return new Response(await call.then((answer) => answer.text()).catch(String))
    }
    const read = fromJson(text)
    if (!read.ok) return new Response(read.reason, { status: 400 })
    const [prefix, method, args] = read.value as [string, keyof Store, readonly unknown[]]
    const store = durableObjectStore({ namespace: env.LEDGER, prefix })
    const call = store[method] as (...given: readonly unknown[]) => Promise<unknown>
    return call(...args).then(
      (value) => new Response(toJson(["value", value ?? null])),
      (error: Error) => new Response(toJson([error.name, error.message])),
    )
  },
}

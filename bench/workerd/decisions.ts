import { type Command, compile } from "@spendfuse/core/domain"
import {
  durableObjectStore,
  ledgerObject,
  type ObjectNamespace,
  type ObjectState,
} from "@spendfuse/store-durable-object"
import { fivePolicy } from "../core.ts"

export const TestLedger = ledgerObject()

/** What a Durable Object does at least: it adds a row, and answers what was stored. */
export class Bare {
  readonly #state: ObjectState

  constructor(state: ObjectState) {
    this.#state = state
    state.storage.sql.exec("CREATE TABLE IF NOT EXISTS rows (n INTEGER PRIMARY KEY, body TEXT)")
  }

  async fetch(request: Request): Promise<Response> {
    const body = await request.text()
    this.#state.storage.sql.exec("INSERT INTO rows (body) VALUES (?)", body)
    return new Response(body)
  }
}

interface Env {
  readonly LEDGER: ObjectNamespace
  readonly BARE: ObjectNamespace
}

const CALLERS = 16

/** `/ours?n=` reserves and settles so often, `/bare?n=` adds two rows each. */
export default {
  fetch: async (request: Request, env: Env): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url)
    const act = pathname === "/ours" ? decidedIn(env) : addedIn(env)
    let left = Number(searchParams.get("n"))
    const caller = async (): Promise<void> => {
      while (left > 0) {
        left -= 1
        await act()
      }
    }
    await Promise.all(Array.from({ length: CALLERS }, caller))
    return new Response("done")
  },
}

const source = `bench ${Math.trunc(performance.timeOrigin)}`
let last = 0
/** The numbers of commands that are not answered. */
const open = new Set<number>()

const head = () => {
  last += 1
  open.add(last)
  return { id: { source, n: last }, done: Math.min(...open) - 1, division: "*" }
}

const decidedIn = ({ LEDGER }: Env): (() => Promise<void>) => {
  const store = durableObjectStore({ namespace: LEDGER, prefix: "bench" })
  const subject = { apiKey: "k1", session: "s1", user: "u1", org: "o1" }
  const plan = compile(fivePolicy, subject, Date.now())
  if ("missing" in plan) throw new Error(plan.missing)
  const { lines } = plan
  const sent = async (command: Command): Promise<void> => {
    const [applied] = await store.apply([command])
    open.delete(command.id.n)
    const { kind } = applied?.outcome ?? {}
    if (kind !== "reserved" && kind !== "settled") throw new Error(`it is \`${kind}\``)
  }
  return async () => {
    const atMs = Date.now()
    const reserve: Command = {
      ...head(),
      kind: "reserve",
      lines,
      switches: [],
      issuedAtMs: atMs,
      base: { usd: 5, tokens: 0, requests: 1 },
      perUnit: { usd: 0, tokens: 0, requests: 0 },
      units: { least: 0, most: 0 },
      expiresAtMs: atMs + 600_000,
      via: null,
      swallowed: 0,
    }
    await sent(reserve)
    const actual = { usd: 1, tokens: 0, requests: 1 }
    await sent({ ...head(), kind: "settle", reservation: reserve.id, seq: 1, actual, final: true })
  }
}

const addedIn = ({ BARE }: Env): (() => Promise<void>) => {
  const body = "x".repeat(400)
  const add = async (): Promise<void> => {
    const stub = BARE.get(BARE.idFromName("bench") as never)
    await (await stub.fetch("https://bare.invalid/", { method: "POST", body } as never)).text()
  }
  return async () => {
    await add()
    await add()
  }
}

import type { Gateway } from "@spendfuse/adapters/gateway"
import type { Store } from "@spendfuse/core/ports"
import { Hono } from "hono"

/** What the gateway's port serves: its health, and everything else as a call. */
export const appOf = (serve: Gateway, store: Store, isEnding: () => boolean): Hono => {
  const app = new Hono()
  app.get("/healthz", (c) => c.json({ ok: true }))
  app.get("/readyz", async (c) => {
    const why = isEnding() ? "ending" : (await answers(store)) ? null : "store"
    return why === null ? c.json({ ready: true }) : c.json({ ready: false, why }, 503)
  })
  app.all("*", (c) => serve(c.req.raw))
  return app
}

/** A store that is asked about no account still has to be there to answer. */
const answers = async (store: Store): Promise<boolean> => {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), READY_MS)
  })
  try {
    return await Promise.race([store.read(["readyz/none"]).then(() => true), late])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}

const READY_MS = 1_000

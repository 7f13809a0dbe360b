import { conformanceLaws, type OpenEmpty } from "@spendfuse/core/testing"
import { fileStore } from "./fileStore.ts"

// #region open
let ledgers = 0
const open: OpenEmpty = async ({ nowMs, history }) => {
  ledgers += 1
  const path = `ledger-${ledgers}.json`
  const opened = () => ({
    store: fileStore({ path, nowMs, history }),
    restart: async () => opened(),
  })
  return opened()
}
// #endregion open

// #region laws
for (const { name, run } of conformanceLaws({ open, runs: 15 })) {
  await run()
  console.log(name)
}
// #endregion laws
// => C1 lockstep: a store answers, tells and keeps what the core does
//    C2 one order: what happens at once could have happened one after the other
//    C3 reopening: a new process finds everything, and what is sent again counts once
//    C4 outbox: each event waits for its channels, in order, until somebody has told it
//    C6 any text: names are never cut, joined, folded or taken for each other
//    C7 edges: an end counts at its very millisecond, on days of 23 and 25 hours too
//    C8 pages: lists and logs read by pages are whole and in order, and reading changes nothing

// #region convicted
/** The same store, by a claim that tells the newest first. */
const newestFirst: OpenEmpty = async (how) => {
  const { store, restart } = await open(how)
  const claim: typeof store.claim = async (channel, limit, leaseMs) =>
    [...(await store.claim(channel, limit, leaseMs))].reverse()
  return { store: { ...store, claim }, restart }
}
const outbox = conformanceLaws({ open: newestFirst, runs: 50 }).find(({ id }) => id === "C4")
await outbox?.run().catch((error: Error) => console.log(error.message.split("\n")[0]))
// #endregion convicted
// => C4 outbox: each event waits for its channels, in order, until somebody has told it

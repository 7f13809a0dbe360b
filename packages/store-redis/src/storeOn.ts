import type { Command } from "@spendfuse/core/domain"
import { STORE_BATCH_MAX, type Store } from "@spendfuse/core/ports"
import { Applier } from "./applier.ts"
import type { Client } from "./client.ts"
import { Divisions } from "./divisions.ts"
import { assertPrefix } from "./keys.ts"
import type { RedisStoreSettings } from "./options.ts"
import { Outbox } from "./outbox.ts"
import { Reader } from "./reader.ts"
import { Shelf } from "./shelf.ts"
import type { Steps } from "./steps.ts"
import { Switches, turnedIn } from "./switches.ts"

/**
 * A store on a connection, with the ledger's part given.
 *
 * @throws TypeError for a prefix that is none
 */
export const storeOn = (client: Client, steps: Steps, settings: RedisStoreSettings): Store => {
  const { prefix = "spendfuse", nowMs } = settings
  const { eventsKept = KEPT, auditKept = KEPT, deadLettersKept = KEPT } = settings
  assertPrefix(prefix)
  const name = client.isCluster ? "redis-cluster" : "redis"
  const onNotice = settings.onNotice ?? (({ message }) => console.warn(`[spendfuse] ${message}`))
  const switches = client.isCluster
    ? new Switches({ name, client, prefix, settings, onNotice })
    : undefined
  const takeOver = switches && ((division: string) => switches.takeOver(division))
  const divisions = new Divisions({ name, client, prefix, takeOver })
  const shelf = new Shelf({ name, prefix, client, divisions, onNotice })
  const applier = new Applier({ shelf, steps, settings: { ...settings, eventsKept, auditKept } })
  const reader = new Reader({ shelf, steps, nowMs })
  const outbox = new Outbox({ shelf, nowMs, eventsKept, auditKept, deadLettersKept })
  return {
    name,
    spansDivisions: !client.isCluster,
    apply: async (commands, signal) => {
      signal?.throwIfAborted()
      assertBatch(commands)
      reader.learn(commands)
      const applied = await applier.apply(commands, signal)
      const turned = switches === undefined ? [] : turnedIn(commands, applied)
      if (turned.length > 0) await switches?.spread(turned, await divisions.all(), signal)
      return applied
    },
    read: (accounts) => reader.read(accounts),
    list: (query) => reader.list(query),
    events: (query) => outbox.events(query),
    unheard: (query) => outbox.unheard(query),
    audit: (query) => outbox.audit(query),
    claim: (channel, limit, leaseMs) => outbox.claim(channel, limit, leaseMs),
    confirm: (ids) => outbox.confirm(ids),
    retry: (ids, dueAtMs) => outbox.retry(ids, dueAtMs),
    deadLetter: (ids, why, tell) => outbox.deadLetter(ids, why, tell),
    deadLetters: (query) => outbox.deadLetters(query),
    resend: (ids) => outbox.resend(ids),
    close: () => client.close(),
  }
}

const KEPT = 10_000

const assertBatch = ({ length }: readonly Command[]): void => {
  if (length < 1 || length > STORE_BATCH_MAX)
    throw new RangeError(`${length} commands; from 1 to ${STORE_BATCH_MAX} at once`)
}

import type { DomainEvent, Operated, Store } from "@spendfuse/core"
import { shown } from "../notify/words/clean.ts"
import { isoText } from "../notify/words/times.ts"

const LOOKED = 500

/**
 * Who moved an account's circuit last by hand, and why: `Ann by link acknowledged it at 03:12:07 UTC on
 * 2026-01-15: the loop is stopped.`
 *
 * @returns an empty text where there is no store to ask, it does not answer, or nobody did
 */
export const lastSaid = async (store: Store | undefined, account: string): Promise<string> => {
  const page = await store?.audit({ latest: true, limit: LOOKED }).catch(() => undefined)
  const last = page?.items.findLast(isOf(account))
  if (last?.kind !== "audit") return ""
  const [day, time = ""] = isoText(last.atMs).split("T")
  const did = last.verb === "trip" ? "opened" : "acknowledged"
  return `${shown(last.by, 120)} ${did} it at ${time.slice(0, 8)} UTC on ${day}: ${shown(last.why, 200)}.`
}

/** Why an acknowledgement changed nothing, and who was faster; null where it did what it should. */
export const whyNot = async (
  store: Store | undefined,
  account: string,
  { kind }: Operated,
): Promise<string | null> => {
  const why = WHY_NOT[kind]
  return why === undefined ? null : `${why} ${await lastSaid(store, account)}`.trimEnd()
}

const WHY_NOT: Partial<Record<Operated["kind"], string>> = {
  "later-generation": "It has opened again since. Nothing was changed.",
  "nothing-to-acknowledge": "Somebody has acknowledged it, or it is over. Nothing was changed.",
}

const isOf =
  (account: string) =>
  (event: DomainEvent): boolean =>
    event.kind === "audit" &&
    event.target === account &&
    (event.verb === "acknowledge" || event.verb === "trip")

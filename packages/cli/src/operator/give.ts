import {
  type Command,
  type DomainEvent,
  type Outcome,
  reservationName,
} from "@spendfuse/core/domain"
import { type Store, StoreUnavailable } from "@spendfuse/core/ports"
import { CliError } from "../io.ts"
import type { ByWhom } from "./byWhom.ts"
import { instantText } from "./instants.ts"

type Hand = Extract<Command, { readonly by: string; readonly why: string }>
type Unnamed<One> = One extends Hand ? Omit<One, "id" | "done" | "by" | "why"> : never

/** What an operator's command did. */
export interface Given {
  readonly outcome: Exclude<Outcome, { readonly kind: "error" }>
  readonly storeTimeMs: number
}

/**
 * Gives an operator's command. Its id is a source of its own, as an engine's are: a second command of that id does
 * nothing.
 *
 * @throws CliError where it could not be given; where it may have been done, it says how to give it again
 */
export const give = async (
  store: Store,
  { id, by, why }: ByWhom,
  command: Unnamed<Hand>,
): Promise<Given> => {
  const whole = { ...command, id: { source: `operator:${id}`, n: 1 }, done: 0, by, why } as Hand
  const [applied] = await store.apply([whole]).catch((error: unknown) => {
    if (!(error instanceof StoreUnavailable)) throw error
    throw new CliError(
      `${error.message}; the command may have been done: give it again with \`--id ${id}\`, which does nothing twice`,
    )
  })
  if (applied === undefined) throw new CliError("the store gave no answer; give it again")
  const { outcome, storeTimeMs } = applied
  if (outcome.kind !== "error") return { outcome, storeTimeMs }
  if (outcome.error === "conflict") return doneBefore(store, whole, storeTimeMs)
  throw new CliError(`${outcome.error}: ${outcome.detail}`)
}

/** The same command of the same id, given again when its account has moved on, reads as another: the audit knows. */
const doneBefore = async (store: Store, command: Hand, storeTimeMs: number): Promise<Given> => {
  const target =
    command.kind === "switch"
      ? command.switch
      : command.kind === "adjust"
        ? command.line.account
        : command.account
  const name = reservationName(command.id, command.division)
  const found = await auditOf(store, ({ id }) => id === `${name}/audit`)
  const kind = KINDS[command.kind]
  if (found?.target === target && found.verb === command.kind && kind !== undefined)
    return { outcome: { kind, replayed: true } as Given["outcome"], storeTimeMs }
  const when = found === undefined ? "" : ` (${didText(found, storeTimeMs)})`
  throw new CliError(
    `the id \`${command.id.source.slice("operator:".length)}\` was used for another command${when}; nothing was changed: choose another`,
  )
}

const KINDS: Partial<Record<Hand["kind"], Outcome["kind"]>> = {
  acknowledge: "acknowledged",
  trip: "tripped",
  switch: "switched",
}

/** An audit event. */
export type AuditEvent = Extract<DomainEvent, { readonly kind: "audit" }>

const LOOKED = 500

/** The latest audit event that is so. */
export const auditOf = async (
  store: Pick<Store, "audit">,
  is: (event: AuditEvent) => boolean,
): Promise<AuditEvent | undefined> => {
  const { items } = await store.audit({ latest: true, limit: LOOKED })
  return items.flatMap((event) => (event.kind === "audit" ? [event] : [])).findLast(is)
}

/** `ann: acknowledge, 14:03:05 UTC, 2 min ago: the loop is stopped`. */
export const didText = ({ by, verb, atMs, why }: AuditEvent, nowMs: number): string =>
  `${clean(by)}: ${verb}, ${instantText(atMs, nowMs)}: ${clean(why)}`

const clean = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ").slice(0, 200)

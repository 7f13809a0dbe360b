import type { Account } from "@spendfuse/core/domain"
import type { Store } from "@spendfuse/core/ports"
import { CliError } from "../io.ts"
import { accountTextCut, keysOf } from "./accountText.ts"
import { everyAccount } from "./everyAccount.ts"

/** An account, and the store's time at which it was read. */
export interface FoundAccount {
  readonly account: Account
  readonly storeTimeMs: number
}

/**
 * The account that a text names: as a table shows it, or as it is.
 *
 * @throws CliError where the store has none of that name; it says the nearest
 */
export const findAccount = async (store: Store, text: string): Promise<FoundAccount> => {
  const records = await store.read(keysOf(text))
  for (const { account, storeTimeMs } of records)
    if (account !== null) return { account, storeTimeMs }
  throw new CliError(
    `the store has no account \`${accountTextCut(text)}\`; ${await nearestText(store, text)}`,
  )
}

const NEAREST = 3
/** Somebody waits for the answer: in a large store only the first are looked at. */
const LOOKED = 20_000
const LENGTH_MAX = 200

const nearestText = async (store: Store, text: string): Promise<string> => {
  let nearest: { readonly key: string; readonly away: number }[] = []
  const wanted = text.toLowerCase().slice(0, LENGTH_MAX)
  await everyAccount(store, {
    most: LOOKED,
    keep: ({ key }) => {
      const away = awayFrom(wanted, key.toLowerCase().slice(0, LENGTH_MAX))
      if (away <= Math.max(3, wanted.length / 2))
        nearest = [...nearest, { key, away }].sort((a, b) => a.away - b.away).slice(0, NEAREST)
      return false
    },
  })
  return nearest.length === 0
    ? "see `spendfuse accounts`"
    : `the nearest are ${nearest.map(({ key }) => `\`${accountTextCut(key)}\``).join(", ")}`
}

/** Letters to change, add or leave out; 1 where one text holds the other. */
const awayFrom = (one: string, other: string): number => {
  if (other.includes(one)) return 1
  let row = Array.from({ length: other.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= other.length; j += 1)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (one[i - 1] === other[j - 1] ? 0 : 1),
        ),
      )
    row = next
  }
  return row[other.length] ?? 0
}

import type { AccountOf, ByWhom, Operated, Spendfuse, Store } from "@spendfuse/core"
import { accountOf } from "./accounts.ts"
import type { Credential } from "./auth.ts"
import type { AcknowledgeInput, AdjustInput, SwitchInput, TripInput } from "./inputs.ts"
import { whyNot } from "./lastSaid.ts"
import { Refusal } from "./refusal.ts"
import type { OutcomeView } from "./views.ts"

/** What a command is given with. */
export interface Given<Input> {
  readonly spendfuse: Spendfuse
  readonly store: Store | undefined
  readonly credential: Credential
  readonly input: Input
}

/** A person has seen it. */
export const acknowledge = async ({
  spendfuse,
  store,
  credential,
  input,
}: Given<AcknowledgeInput>): Promise<OutcomeView> => {
  const { account, generation, upTo, allow } = input
  const outcome = await spendfuse.operator.acknowledge(boundAccount(spendfuse, account), {
    ...byWhom(credential, input),
    ...(generation !== undefined && { generation }),
    ...(upTo !== undefined && { upTo: amountOf(upTo, "upTo") }),
    ...(allow !== undefined && { allow: amountOf(allow, "allow") }),
  })
  const said = await whyNot(store, account, outcome)
  return said === null ? outcomeView(outcome) : { ...outcomeView(outcome), said }
}

/** Opens a circuit. */
export const trip = async ({
  spendfuse,
  credential,
  input,
}: Given<TripInput>): Promise<OutcomeView> =>
  outcomeView(
    await spendfuse.operator.trip(boundAccount(spendfuse, input.account), {
      ...byWhom(credential, input),
      coolDownMs: input.coolDownMs,
    }),
  )

/** Turns one subject value off or on. */
export const turn = async ({
  spendfuse,
  credential,
  input,
}: Given<SwitchInput>): Promise<OutcomeView> => {
  const { dimension, value, state, untilMs } = input
  return outcomeView(
    await spendfuse.operator.switch(
      { dimension, value },
      { ...byWhom(credential, input), state, ...(untilMs !== undefined && { untilMs }) },
    ),
  )
}

/** Corrects what was counted. */
export const adjust = async ({
  spendfuse,
  credential,
  input,
}: Given<AdjustInput>): Promise<OutcomeView> =>
  outcomeView(
    await spendfuse.operator.adjust(boundAccount(spendfuse, input.account), {
      ...byWhom(credential, input),
      amount: amountOf(input.amount, "amount"),
      ...(input.atMs !== undefined && { atMs: input.atMs }),
    }),
  )

/** An outcome as the API answers it. */
export const outcomeView = (outcome: Operated): OutcomeView => ({
  kind: outcome.kind,
  ...("generation" in outcome && { generation: outcome.generation }),
  ...(outcome.kind === "adjusted" && { settled: String(outcome.settled) }),
  ...(outcome.replayed && { replayed: true }),
})

/** Who the credential names cannot be another in the body. */
const byWhom = (
  credential: Credential,
  input: { readonly by?: string; readonly why: string; readonly id?: string },
): ByWhom => {
  const by = credential.by ?? input.by
  if (by === undefined)
    throw new Refusal(400, "nobody is named; the credential is shared", {
      problems: [{ path: "by", message: 'is missing; add e.g. "by": "ann"' }],
    })
  if (input.by !== undefined && input.by !== by)
    throw new Refusal(403, "the credential names another person than `by`; leave `by` out")
  return { by, why: input.why, ...(input.id !== undefined && { id: input.id }) }
}

const boundAccount = (spendfuse: Spendfuse, key: string): AccountOf => {
  const account = accountOf(spendfuse, key)
  if (account !== undefined) return account
  throw noAccount(spendfuse)
}

/** No budget of the policy has such an account. */
export const noAccount = (spendfuse: Spendfuse): Refusal =>
  new Refusal(
    404,
    `no budget of the policy has this account; a key begins with ${spendfuse.policy.budgets.map(({ id }) => `\`${id}/\``).join(", ")}`,
  )

const amountOf = (amount: string | number, path: string): number => {
  const value = Number(amount)
  if (Number.isSafeInteger(value)) return value
  throw new Refusal(400, "an amount is too large", {
    problems: [{ path, message: `\`${amount}\` is above 2^53 − 1; write less` }],
  })
}

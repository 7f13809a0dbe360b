import type { JSX } from "preact"
import { useEffect, useState } from "preact/hooks"
import { CircuitBadge, Fact } from "./accounts.tsx"
import { AcknowledgeForm } from "./acknowledgeForm.tsx"
import { type Api, Problem } from "./api.ts"
import { Dialog } from "./dialog.tsx"
import type { SwitchOf } from "./switchDialog.tsx"
import type { Detail, Me, Tier } from "./views.ts"
import { amountText, clockText, name, timeText, whoOf } from "./words.ts"

/** One account as it was when the dialog opened: what a person acknowledges does not move while it is read. */
export const AccountDialog = ({
  api,
  me,
  account,
  onDone,
  onClose,
  onSwitch,
}: {
  readonly api: Api
  readonly me: Me
  /** Its key. */
  readonly account: string
  readonly onDone: () => void
  readonly onClose: () => void
  readonly onSwitch: (of: SwitchOf) => void
}): JSX.Element => {
  const [found, setFound] = useState<{ readonly detail: Detail; readonly atMs: number } | null>(
    null,
  )
  const [problem, setProblem] = useState<string | null>(null)
  useEffect(() => {
    const ended = new AbortController()
    api
      .get<Detail>(`accounts/${pathText(account)}`, ended.signal)
      .then((detail) => setFound({ detail, atMs: Date.now() }))
      .catch((error: unknown) => {
        if (!ended.signal.aborted) setProblem(Problem.of(error).message)
      })
    return () => ended.abort()
  }, [api, account])
  const title =
    found === null ? name(account) : `${whoOf(found.detail)}, ${name(found.detail.budget)}`
  return (
    <Dialog title={title} onClose={onClose}>
      {problem !== null && (
        <p role="alert" class="alert">
          {problem}
        </p>
      )}
      {found === null && problem === null && <p role="status">Loading …</p>}
      {found !== null && (
        <>
          <Facts {...found} />
          <Tiers detail={found.detail} />
          {me.may === "read" ? (
            <p class="quiet">Your credential may only read.</p>
          ) : (
            <>
              <AcknowledgeForm {...{ api, me, onDone }} {...found} />
              <Switches detail={found.detail} onSwitch={onSwitch} />
            </>
          )}
        </>
      )}
    </Dialog>
  )
}

const Facts = ({
  detail,
  atMs,
}: {
  readonly detail: Detail
  readonly atMs: number
}): JSX.Element => {
  const { settled, held, limit, cap, remaining, unit, periodEndMs } = detail
  return (
    <>
      <CircuitBadge account={detail} />
      <dl>
        <Fact is="Spent" text={`${amountText(settled, unit)} of ${amountText(limit, unit)}`} />
        <Fact is="Held" text={amountText(held, unit)} />
        <Fact is="Cap" text={amountText(cap, unit)} />
        <Fact is="To the cap" text={amountText(remaining, unit)} />
        {periodEndMs !== null && <Fact is="Period ends" text={timeText(periodEndMs)} />}
        <Fact is="As of" text={clockText(atMs)} />
      </dl>
    </>
  )
}

const Tiers = ({ detail }: { readonly detail: Detail }): JSX.Element => (
  <table>
    <caption>Tiers</caption>
    <thead>
      <tr>
        <th scope="col">At</th>
        <th scope="col">Does</th>
        <th scope="col">Reached</th>
      </tr>
    </thead>
    <tbody>
      {detail.tiers.map((tier) => (
        <tr key={`${tier.at} ${tier.effects.join(" ")} ${tier.notify.join(" ")}`}>
          <th scope="row">
            {tier.percent === null ? "" : `${tier.percent} %, `}
            {amountText(tier.at, detail.unit)}
          </th>
          <td>{doesText(tier)}</td>
          <td>{Number(detail.level) >= Number(tier.at) ? "yes" : "no"}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

const doesText = ({ effects, notify }: Tier): string =>
  effects
    .map((effect) =>
      effect === "notify" ? `notify ${notify.map((one) => name(one)).join(", ")}` : effect,
    )
    .join("; ")

const Switches = ({
  detail: { subject },
  onSwitch,
}: {
  readonly detail: Detail
  readonly onSwitch: (of: SwitchOf) => void
}): JSX.Element => (
  <p class="actions">
    {Object.entries(subject ?? {}).map(([dimension, value]) => (
      <button key={dimension} type="button" onClick={() => onSwitch({ dimension, value })}>
        Turn off {`${name(dimension, 40)} ${name(value, 60)}`} …
      </button>
    ))}
  </p>
)

/** A key with a lone surrogate is none that a browser can write; the API knows the same form. */
const pathText = (key: string): string =>
  Array.from(key, (char) =>
    /^[\ud800-\udfff]$/.test(char) ? surrogateText(char.charCodeAt(0)) : encodeURIComponent(char),
  ).join("")

const surrogateText = (code: number): string =>
  [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)]
    .map((byte) => `%${byte.toString(16).toUpperCase()}`)
    .join("")

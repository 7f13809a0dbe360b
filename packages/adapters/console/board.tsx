import type { JSX } from "preact"
import { useState } from "preact/hooks"
import { AccountDialog } from "./accountDialog.tsx"
import { Accounts } from "./accounts.tsx"
import type { Api } from "./api.ts"
import { DeadLetters } from "./deadLetters.tsx"
import { Events } from "./events.tsx"
import { type Seen, useLive } from "./live.ts"
import { SwitchDialog, type SwitchOf } from "./switchDialog.tsx"
import type { Me } from "./views.ts"
import { clockText } from "./words.ts"

type Opened =
  | { readonly kind: "account"; readonly key: string }
  | { readonly kind: "switch"; readonly of: SwitchOf | null }

/** All there is to see, and the dialogs in which somebody acts. */
export const Board = ({
  api,
  me,
  onSignOut,
  onRefused,
}: {
  readonly api: Api
  readonly me: Me
  /** Null where the host signs people in. */
  readonly onSignOut: (() => void) | null
  readonly onRefused: (problem: string) => void
}): JSX.Element => {
  const { seen, lookNow } = useLive(api, onRefused)
  const [opened, setOpened] = useState<Opened | null>(null)
  const close = (): void => setOpened(null)
  return (
    <>
      <header>
        <h1>Spendfuse</h1>
        <Freshness seen={seen} />
        <div class="actions">
          {me.may === "operate" && (
            <button type="button" onClick={() => setOpened({ kind: "switch", of: null })}>
              Kill switch
            </button>
          )}
          {onSignOut !== null && (
            <button type="button" onClick={onSignOut}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <main>
        <Accounts seen={seen} onOpen={(key) => setOpened({ kind: "account", key })} />
        <div class="side">
          <DeadLetters api={api} me={me} letters={seen.deadLetters} onDone={lookNow} />
          <Events events={seen.events} />
        </div>
      </main>
      {opened?.kind === "account" && (
        <AccountDialog
          {...{ api, me }}
          key={opened.key}
          account={opened.key}
          onDone={lookNow}
          onClose={close}
          onSwitch={(of) => setOpened({ kind: "switch", of })}
        />
      )}
      {opened?.kind === "switch" && (
        <SwitchDialog {...{ api, me }} of={opened.of} onDone={lookNow} onClose={close} />
      )}
    </>
  )
}

/** A reader is told when the page stops to hear, and when it hears again; not of every look. */
const Freshness = ({ seen: { atMs, problem } }: { readonly seen: Seen }): JSX.Element => (
  <div class="freshness">
    <p role="status" class={problem === null ? undefined : "alert"}>
      {problem === null ? (atMs === null ? "Loading …" : "Live") : `Not live: ${problem}`}
    </p>
    {atMs !== null && <p class="quiet">as of {clockText(atMs)}</p>}
  </div>
)

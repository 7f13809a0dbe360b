import type { JSX } from "preact"
import { useRef, useState } from "preact/hooks"
import type { Api } from "./api.ts"
import { CommandForm } from "./command.tsx"
import { Dialog } from "./dialog.tsx"
import type { Me } from "./views.ts"
import { name } from "./words.ts"

/** A subject's value that a switch turns off or on. */
export interface SwitchOf {
  readonly dimension: string
  readonly value: string
}

const PLATFORM: SwitchOf = { dimension: "platform", value: "all" }
const isPlatform = ({ dimension }: SwitchOf): boolean => dimension === PLATFORM.dimension

/** The kill switch: of one subject value, or of everything. */
export const SwitchDialog = ({
  api,
  me,
  of,
  onDone,
  onClose,
}: {
  readonly api: Api
  readonly me: Me
  readonly of: SwitchOf | null
  readonly onDone: () => void
  readonly onClose: () => void
}): JSX.Element => {
  const [chosen, choose] = useState(of ?? PLATFORM)
  const [turn, setTurn] = useState<Turn>({ state: "off", forMs: "" })
  const { state, forMs } = turn
  // Sent again it must end when it would have ended at first, or it is another command.
  const ends = useRef(new Map<string, number>())
  const body = (): object => {
    if (state === "on" || forMs === "") return { ...chosen, state }
    const untilMs = ends.current.get(forMs) ?? Date.now() + Number(forMs)
    ends.current.set(forMs, untilMs)
    return { ...chosen, state, untilMs }
  }
  const { dimension, value } = chosen
  const what = isPlatform(chosen) ? "everything" : `${name(dimension, 40)} ${name(value)}`
  return (
    <Dialog title="Kill switch" onClose={onClose}>
      <CommandForm
        {...{ api, me, body, onDone }}
        path="switch"
        verb={`Turn ${state}`}
        said={() => `Turned ${state}: ${what}. The audit has your name and reason.`}
      >
        <What me={me} chosen={chosen} choose={choose} />
        <How turn={turn} setTurn={setTurn} />
      </CommandForm>
    </Dialog>
  )
}

interface Turn {
  readonly state: "off" | "on"
  /** Milliseconds; empty where it has no end. */
  readonly forMs: string
}

const What = ({
  me,
  chosen,
  choose,
}: {
  readonly me: Me
  readonly chosen: SwitchOf
  readonly choose: (of: SwitchOf) => void
}): JSX.Element => (
  <>
    <label>
      What
      <select
        value={chosen.dimension}
        onChange={({ currentTarget: { value: dimension } }) =>
          choose(dimension === PLATFORM.dimension ? PLATFORM : { dimension, value: "" })
        }
      >
        {me.dimensions.map((dimension) => (
          <option key={dimension} value={dimension}>
            {dimension === PLATFORM.dimension ? "everything" : name(dimension, 40)}
          </option>
        ))}
      </select>
    </label>
    {!isPlatform(chosen) && (
      <label>
        Which {name(chosen.dimension, 40)}
        <input
          required
          autocomplete="off"
          spellcheck={false}
          value={chosen.value}
          onInput={({ currentTarget: { value } }) => choose({ ...chosen, value })}
        />
      </label>
    )}
  </>
)

const TIMES = {
  "": "until it is turned on",
  "900000": "for 15 minutes",
  "3600000": "for an hour",
  "86400000": "for a day",
} as const

const How = ({
  turn,
  setTurn,
}: {
  readonly turn: Turn
  readonly setTurn: (turn: Turn) => void
}): JSX.Element => (
  <>
    <fieldset>
      <legend>Turn it</legend>
      {(["off", "on"] as const).map((state) => (
        <label key={state} class="choice">
          <input
            type="radio"
            name="state"
            checked={turn.state === state}
            onChange={() => setTurn({ ...turn, state })}
          />
          <span>{state === "off" ? "off: its calls are refused" : "on again"}</span>
        </label>
      ))}
    </fieldset>
    {turn.state === "off" && (
      <label>
        How long
        <select
          value={turn.forMs}
          onChange={({ currentTarget: { value } }) => setTurn({ ...turn, forMs: value })}
        >
          {Object.entries(TIMES).map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      </label>
    )}
  </>
)

import type { ComponentChildren, JSX } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"
import { type Api, Problem } from "./api.ts"
import { keepName, keptName } from "./token.ts"
import type { Me, Outcome } from "./views.ts"

/** A command of a form, without the name and the reason. */
export interface FormOf {
  readonly api: Api
  readonly me: Me
  readonly path: string
  /** On the button. */
  readonly verb: string
  /** The command's own fields; a text where what is written cannot be sent. */
  readonly body: () => object | string
  /** What an outcome means, in a sentence. */
  readonly said: (outcome: Outcome) => string
  readonly onDone: () => void
}

/**
 * A form that sends one command with a name and a reason. Sent again, it is the same command: what may have been
 * done is not done twice.
 */
export const CommandForm = ({
  children,
  ...of
}: FormOf & { readonly children: ComponentChildren }): JSX.Element => {
  const { me, path, verb } = of
  const { fields, set, problem, done, isBusy, send } = useCommand(of)
  if (done !== null) return <Done text={done} />
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        void send()
      }}
    >
      {children}
      {me.by === null && (
        <label>
          Your name
          <input
            required
            maxLength={80}
            autocomplete="name"
            value={fields.by}
            onInput={({ currentTarget: { value } }) => set({ ...fields, by: value })}
          />
        </label>
      )}
      <label>
        Reason
        <textarea
          required
          rows={2}
          maxLength={500}
          value={fields.why}
          onInput={({ currentTarget: { value } }) => set({ ...fields, why: value })}
          {...(problem !== null && { "aria-describedby": `${path}-problem` })}
        />
      </label>
      {problem !== null && (
        <p role="alert" class="alert" id={`${path}-problem`}>
          {problem}
        </p>
      )}
      <button type="submit" class="main" disabled={isBusy}>
        {verb}
        {me.by !== null && ` as ${me.by}`}
      </button>
    </form>
  )
}

const useCommand = ({ api, me, path, body, said, onDone }: FormOf) => {
  const [fields, set] = useState({ by: keptName(), why: "" })
  const [problem, setProblem] = useState<string | null>(null)
  const [done, setDone] = useState<string | null>(null)
  const [isBusy, setBusy] = useState(false)
  const id = useRef(newId())
  const send = async (): Promise<void> => {
    const own = body()
    if (typeof own === "string") return setProblem(own)
    setBusy(true)
    const by = fields.by.trim()
    const named = me.by === null ? { by } : {}
    const command = { ...own, ...named, why: fields.why.trim(), id: id.current }
    try {
      setDone(said(await api.post<Outcome>(path, command)))
      keepName(by)
      onDone()
    } catch (error) {
      setProblem(Problem.of(error).message)
    }
    setBusy(false)
  }
  return { fields, set, problem, done, isBusy, send }
}

/** The focus is on what was said: the button that had it is gone. */
const Done = ({ text }: { readonly text: string }): JSX.Element => {
  const said = useRef<HTMLParagraphElement>(null)
  useEffect(() => said.current?.focus(), [])
  return (
    <p role="status" class="done" tabIndex={-1} ref={said}>
      {text}
    </p>
  )
}

/** Plain `http` pages have no `randomUUID`. */
const newId = (): string =>
  `console:${Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")}`

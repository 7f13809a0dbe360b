import type { JSX } from "preact"
import { useEffect, useRef, useState } from "preact/hooks"

/** Asks for a token, once for the life of the tab. */
export const SignIn = ({
  problem,
  onToken,
}: {
  readonly problem: string | null
  readonly onToken: (token: string) => void
}): JSX.Element => {
  const [token, setToken] = useState("")
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.focus(), [])
  return (
    <main class="narrow">
      <h1>Spendfuse</h1>
      {problem !== null && (
        <p role="alert" id="sign-in-problem" class="alert">
          {problem}
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault()
          onToken(token.trim())
        }}
      >
        <label for="token">Your token for the admin API</label>
        <input
          id="token"
          ref={field}
          type="password"
          required
          autocomplete="off"
          spellcheck={false}
          value={token}
          onInput={({ currentTarget }) => setToken(currentTarget.value)}
          {...(problem !== null && { "aria-describedby": "sign-in-problem", "aria-invalid": true })}
        />
        <button type="submit" class="main">
          Sign in
        </button>
        <p class="quiet">This tab keeps it until it is closed, and sends it nowhere but here.</p>
      </form>
    </main>
  )
}

/** While the credential is looked at. */
export const Loading = (): JSX.Element => (
  <main class="narrow">
    <h1>Spendfuse</h1>
    <p role="status">Opening …</p>
  </main>
)

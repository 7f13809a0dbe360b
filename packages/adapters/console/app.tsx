import type { JSX } from "preact"
import { useCallback, useEffect, useState } from "preact/hooks"
import { type Api, apiOf, Problem } from "./api.ts"
import { Board } from "./board.tsx"
import { Loading, SignIn } from "./signIn.tsx"
import { keepToken, keptToken } from "./token.ts"
import type { Me } from "./views.ts"

type Session =
  | { readonly kind: "asking"; readonly problem: string | null }
  | { readonly kind: "opening"; readonly token: string | null }
  | { readonly kind: "open"; readonly token: string | null; readonly api: Api; readonly me: Me }

/** Who is there, and then the board. `isSignedIn`: the host's own sign-in lets this browser in without a token. */
export const App = ({ isSignedIn }: { readonly isSignedIn: boolean }): JSX.Element => {
  const [session, setSession] = useState<Session>(() => {
    const token = keptToken()
    return token !== null || isSignedIn
      ? { kind: "opening", token }
      : { kind: "asking", problem: null }
  })
  const signOut = useCallback((problem: string | null) => {
    keepToken(null)
    setSession({ kind: "asking", problem })
  }, [])

  useEffect(() => {
    if (session.kind !== "opening") return
    const { token } = session
    const ended = new AbortController()
    const api = apiOf(token)
    api
      .get<Me>("me", ended.signal)
      .then((me) => {
        keepToken(token)
        setSession({ kind: "open", token, api, me })
      })
      .catch((error: unknown) => {
        if (!ended.signal.aborted) signOut(Problem.of(error).message)
      })
    return () => ended.abort()
  }, [session, signOut])

  switch (session.kind) {
    case "asking":
      return (
        <SignIn
          problem={session.problem}
          onToken={(token) => setSession({ kind: "opening", token })}
        />
      )
    case "opening":
      return <Loading />
    case "open":
      return (
        <Board
          api={session.api}
          me={session.me}
          onSignOut={session.token === null ? null : () => signOut(null)}
          onRefused={(problem) => signOut(problem)}
        />
      )
  }
}

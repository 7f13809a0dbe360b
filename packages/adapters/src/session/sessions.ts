import {
  type DomainEvent,
  type Refused,
  RequestFailed,
  type Spendfuse,
  type Subject,
} from "@spendfuse/core"
import { faultResponse } from "../fetch/respond.ts"
import { SessionContext } from "./context.ts"
import { Kept } from "./kept.ts"
import { OpenedSession, type SharedBySessions } from "./openedSession.ts"
import type { OpenOptions, Session, SessionsOptions } from "./options.ts"
import { Tokens } from "./token.ts"

/** The sessions of a host. */
export interface Sessions {
  /**
   * Opens a session for a subject that the host has authenticated, its session's name included. A refusal where
   * what it keeps back is not to be had.
   *
   * @throws RequestFailed where the subject lacks a dimension
   */
  readonly open: (subject: Subject, options?: OpenOptions) => Promise<Session | Refused>
  /**
   * A session that another process has opened, by its token. What it keeps back stays with that process.
   *
   * @param authenticated who the caller is known to be: the token must name the same
   * @throws RequestFailed `invalid-command` where the token is not signed here, has expired, or is of somebody else
   */
  readonly join: (token: string, authenticated?: Subject) => Promise<Session>
  /** The session in which the work that asks was started. */
  readonly current: () => Session | undefined
  /** For one SDK client of many sessions: a call counts on the current one. Outside of one it is a fault: 400. */
  readonly fetch: typeof fetch
  /** Work that gives the current session's last answer: `sessions.fetch` finds what was kept back. */
  readonly final: <Value>(work: () => Value) => Value
  /** Where the host hands events on, so that `onTier` hears them. */
  readonly hear: (event: DomainEvent) => void
}

/**
 * Keeps sessions over a Spendfuse.
 *
 * @throws TypeError where a secret is too short
 */
export const openSessions = (spendfuse: Spendfuse, options: SessionsOptions = {}): Sessions => {
  const context = new SessionContext()
  const shared: SharedBySessions = {
    spendfuse,
    options,
    context,
    tokens: new Tokens(options.secrets ?? []),
    nowMs: options.nowMs ?? Date.now,
    listening: new Set(),
    open: (subject, how, above) => open(shared, subject, how, above),
  }
  return {
    open: (subject, how = {}) => shared.open(subject, how, []),
    join: (token, authenticated = {}) => join(shared, token, authenticated),
    current: () => context.current,
    fetch: (input, init) => {
      const session = context.current
      if (session === undefined) return Promise.resolve(noSession())
      return context.isFinal ? session.finalFetch(input, init) : session.fetch(input, init)
    },
    final: (work) => {
      const session = context.current
      if (session === undefined)
        throw new RequestFailed("invalid-command", "no session is current; use `session.run`")
      return context.run(session, true, work)
    },
    hear: (event) => {
      for (const session of shared.listening) session.hear(event)
    },
  }
}

const open = async (
  shared: SharedBySessions,
  subject: Subject,
  { keepBack, keptForMs = KEPT_MS }: OpenOptions,
  above: readonly Kept[],
): Promise<Session | Refused> => {
  const { spendfuse } = shared
  const held = { ...subject }
  if (keepBack === undefined) {
    const left = await spendfuse.remaining(held)
    const accounts = left.map(({ account }) => account)
    return new OpenedSession(shared, held, { own: null, above }, accounts)
  }
  const hold = await spendfuse.reserve({
    subject: held,
    amounts: keepBack,
    expiresInMs: keptForMs,
  })
  if (!hold.allowed) return hold
  const accounts = hold.lines.map(({ account }) => account)
  return new OpenedSession(shared, held, { own: new Kept(keepBack, hold), above }, accounts)
}

const join = async (
  shared: SharedBySessions,
  token: string,
  authenticated: Subject,
): Promise<Session> => {
  const { subject, keptBack } = await shared.tokens.read(token, shared.nowMs())
  for (const [name, value] of Object.entries(authenticated))
    if (!Object.hasOwn(subject, name) || subject[name] !== value)
      throw new RequestFailed(
        "invalid-command",
        `the session token is not of the caller's \`${name}\`; open the session with it`,
      )
  const above = keptBack.map((amounts) => new Kept(amounts, null))
  const left = await shared.spendfuse.remaining(subject)
  const accounts = left.map(({ account }) => account)
  return new OpenedSession(shared, subject, { own: null, above }, accounts)
}

const KEPT_MS = 3_600_000

const noSession = (): Response =>
  faultResponse(null, "no-session", "the call was made outside of a session; use `session.run`")

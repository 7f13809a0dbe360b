import { fromHex, type Macs, utf8 } from "../../http/mac.ts"
import { ACKNOWLEDGE_ACTION } from "../../notify/slack/acknowledgeButton.ts"
import { shown } from "../../notify/words/clean.ts"
import { bodyOf, textOf } from "../body.ts"
import { Refusal } from "../refusal.ts"

/** A person of Slack, as Slack says it. */
export interface SlackUser {
  /** `U0123ABCD`: stays the same. */
  readonly id: string
  /** The handle, which its owner may change. */
  readonly name: string
  /** The workspace, `T0123ABCD`; empty where Slack does not say. */
  readonly team: string
}

/** Somebody pressed the button. */
export interface Clicked {
  readonly kind: "clicked"
  readonly user: SlackUser
  /** The button's. */
  readonly value: string
  /** What a dialog is opened with, within three seconds. */
  readonly trigger: string
}

/** Somebody sent the dialog. */
export interface Submitted {
  readonly kind: "submitted"
  readonly user: SlackUser
  /** The dialog's id: one for each opening. */
  readonly view: string
  readonly callback: string
  readonly metadata: string
  /** What was written, by block and action. */
  readonly values: unknown
}

/** What Slack says that somebody did. */
export type Interaction = Clicked | Submitted | { readonly kind: "other" }

const BODY_MAX = 262_144
/** Slack's advice: what is older may be a replay. */
const AGE_MAX_S = 300

/**
 * Reads a request of Slack's; nothing of it is looked at before its signature is found good.
 *
 * @throws Refusal where it is not one, or an old one
 */
export const readRequest = async (
  request: Request,
  macs: Macs,
  nowMs: number,
): Promise<Interaction> => {
  const body = await bodyOf(request, BODY_MAX)
  if (!body.ok) throw new Refusal(body.why === "too-large" ? 413 : 400, "the body cannot be read")
  const time = request.headers.get("x-slack-request-timestamp") ?? ""
  const signature = /^v0=([0-9a-f]{64})$/.exec(request.headers.get("x-slack-signature") ?? "")
  const isRecent = /^\d{1,12}$/.test(time) && Math.abs(nowMs / 1_000 - Number(time)) <= AGE_MAX_S
  const signed = joined(utf8(`v0:${time}:`), body.bytes)
  const given = fromHex(signature?.[1] ?? "")
  if (!isRecent || given === undefined || !(await macs.verify([given], signed)))
    throw new Refusal(401, "the signature is not good, or too old")
  return interactionOf(textOf(body.bytes))
}

const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(head.length + tail.length)
  bytes.set(head)
  bytes.set(tail, head.length)
  return bytes
}

type Fields = Readonly<Record<string, unknown>>

/** Presses of links, and whatever else the app has, are answered and no more. */
const interactionOf = (text: string | undefined): Interaction => {
  const payload = fieldsOf(parsed(new URLSearchParams(text ?? "").get("payload")))
  if (typeof payload.type !== "string") throw new Refusal(400, "the body has no payload of Slack's")
  const user = userOf(payload)
  if (user === undefined) return OTHER
  if (payload.type === "view_submission") return submittedOf(user, fieldsOf(payload.view))
  const actions: readonly unknown[] = Array.isArray(payload.actions) ? payload.actions : []
  const action = actions.map(fieldsOf).find((one) => one.action_id === ACKNOWLEDGE_ACTION)
  const { trigger_id: trigger, type } = payload
  if (type !== "block_actions" || typeof action?.value !== "string" || typeof trigger !== "string")
    return OTHER
  return { kind: "clicked", user, value: action.value, trigger }
}

const OTHER: Interaction = { kind: "other" }

const submittedOf = (user: SlackUser, view: Fields): Interaction => {
  const { id, callback_id: callback, private_metadata: metadata, state } = view
  if (typeof id !== "string" || typeof callback !== "string" || typeof metadata !== "string")
    return OTHER
  if (id === "" || id.length > 200 || callback !== ACKNOWLEDGE_ACTION) return OTHER
  return { kind: "submitted", user, view: id, callback, metadata, values: fieldsOf(state).values }
}

const userOf = ({ user, team }: Fields): SlackUser | undefined => {
  const { id, name, username, team_id: ofUser } = fieldsOf(user)
  if (typeof id !== "string" || !/^[A-Z0-9]{2,32}$/.test(id)) return undefined
  const handle = [username, name].find((one) => typeof one === "string" && one.trim() !== "")
  const teamId = fieldsOf(team).id ?? ofUser
  return {
    id,
    name: typeof handle === "string" ? shown(handle, 80).trim() : "somebody",
    team: typeof teamId === "string" ? teamId : "",
  }
}

const parsed = (text: string | null): unknown => {
  try {
    return JSON.parse(text ?? "")
  } catch {
    return undefined
  }
}

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null ? (value as Fields) : {}

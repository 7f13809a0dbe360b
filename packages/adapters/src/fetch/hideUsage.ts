import { type Cut, eventsOf, joined } from "./cutter.ts"
import { type Member, membersOf } from "./members.ts"

/**
 * Takes back out of a stream what Spendfuse asked for and the caller did not: the last chunk, with the
 * usage and no choices, and the `"usage":null` of the others. Every other byte passes as it is.
 */
export class UsageHider {
  /** The event before was hidden up to a CR, whose LF may still come. */
  #wasHidden = false

  /** What the caller may see of whole events; the same bytes where nothing is hidden. */
  shown({ whole, text }: Cut): Uint8Array {
    if (text === "") return whole
    const stray = this.#wasHidden && text.startsWith("\n") ? 1 : 0
    this.#wasHidden = false
    if (stray === 0 && !text.includes('"usage"')) return whole
    const shown: Uint8Array[] = []
    let from = stray
    const show = (to: number): void => {
      if (to > from) shown.push(whole.subarray(from, to))
    }
    let at = 0
    for (const event of eventsOf(text)) {
      const hidden = hiddenOf(event)
      if (hidden !== null) {
        show(at + hidden.start)
        from = at + hidden.end
        this.#wasHidden = hidden.end === event.length && event.endsWith("\r\r")
      }
      at += event.length
    }
    show(whole.byteLength)
    return joined(shown)
  }
}

/** What of an event the caller must not see: all of it, one member of its data, or nothing. */
const hiddenOf = (event: string): { start: number; end: number } | null => {
  if (!event.includes('"usage"')) return null
  const data = DATA.exec(event)
  if (data === null) return null
  const open = data.index + data[0].length - 1
  if (!isWhole(event.slice(open))) return null
  const members = membersOf(event, open)
  const usage = members.find(({ name }) => name === "usage")
  if (usage === undefined) return null
  const textOf = ({ valueStart, end }: Member): string => event.slice(valueStart, end)
  if (textOf(usage) === "null") return cutOf(members, usage)
  const choices = members.find(({ name }) => name === "choices")
  const isUsageOnly = choices !== undefined && /^\[\s*\]$/.test(textOf(choices))
  return isUsageOnly && event[usage.valueStart] === "{"
    ? { start: event.startsWith(MARK) ? MARK.length : 0, end: event.length }
    : null
}

/** A member with the comma that it brought: the one before it, or the one after the first. */
const cutOf = (members: readonly Member[], member: Member): { start: number; end: number } => {
  const at = members.indexOf(member)
  const before = members[at - 1]
  if (before !== undefined) return { start: before.end, end: member.end }
  return { start: member.start, end: members[at + 1]?.start ?? member.end }
}

/** A byte order mark, one character for each of its bytes. */
const MARK = "\u00ef\u00bb\u00bf"
const DATA = /(?:^(?:\u00ef\u00bb\u00bf)?|[\r\n])data: ?\{/

const isWhole = (data: string): boolean => {
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}

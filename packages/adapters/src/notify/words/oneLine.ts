import { amountText, type DomainEvent, eventName } from "@spendfuse/core"

/**
 * An event in one line; it names accounts, never keys of providers, prompts or URLs. What subjects and
 * operators wrote cannot begin a line of its own or move the cursor: control characters are written out.
 */
export const describe = (event: DomainEvent): string => oneLine(text(event))

const LINE_MAX = 2_000

const oneLine = (line: string): string =>
  writtenOut(line.length > LINE_MAX ? `${line.slice(0, LINE_MAX)}…` : line)

/** Control characters and ends of lines written as JSON does, so that a line of JSON stays the same JSON. */
export const writtenOut = (line: string): string =>
  line.replace(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  )

const text = (event: DomainEvent): string => {
  const at = new Date(event.atMs).toISOString()
  const head = `${at} ${eventName(event)}`
  switch (event.kind) {
    case "tier":
    case "refusing":
    case "overshoot":
    case "overflow":
    case "would-refuse":
    case "period-end": {
      const { settled, limit, unit, account } = event
      const message = event.kind === "tier" && event.message !== "" ? `: ${event.message}` : ""
      return `${head} · ${account} · ${amountText(settled, unit)} of ${amountText(limit, unit)}${message}`
    }
    case "circuit": {
      const until = event.untilMs === null ? "" : ` until ${new Date(event.untilMs).toISOString()}`
      const hand = event.by === null ? "" : ` · by ${event.by}: ${event.why}`
      return `${head} · ${event.account}${until}${hand}`
    }
    case "escalation":
      return `${head} · ${event.account} · nobody has acknowledged since ${new Date(event.sinceMs).toISOString()}`
    case "undelivered":
      return `${head} · ${event.account} · ${event.count} not told: ${event.why}`
    case "expired":
      return head
    case "audit":
      return `${head} · ${event.target} · by ${event.by}: ${event.why}`
  }
}

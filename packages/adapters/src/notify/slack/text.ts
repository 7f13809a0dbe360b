import { cut } from "../words/clean.ts"

/** Escapes the three characters by which Slack knows mentions, links and dates. */
export const escapeSlack = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")

/** Escaped, and cut so that what is sent is at most `max` long; no entity is cut through. */
export const slackText = (text: string, max: number): string => {
  const whole = escapeSlack(cut(text, max))
  if (whole.length <= max) return whole
  let kept = ""
  for (const character of text) {
    const next = escapeSlack(character)
    if (kept.length + next.length + 1 > max) break
    kept += next
  }
  return `${kept}…`
}

/** As many whole lines as fit, from the last one back, and how many were left out. */
export const slackLines = (lines: readonly string[], max: number): string => {
  const kept: string[] = []
  let length = 40
  for (const line of lines.toReversed()) {
    const text = slackText(line, 300)
    if (length + text.length + 1 > max) break
    length += text.length + 1
    kept.unshift(text)
  }
  const left = lines.length - kept.length
  return left === 0 ? kept.join("\n") : [`${left} earlier ones are not shown`, ...kept].join("\n")
}

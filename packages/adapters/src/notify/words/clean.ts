/**
 * A text of subjects, operators or policies, made safe to show: one line, valid Unicode, and nothing that
 * turns the direction of what follows or hides in it. Spaces are kept as they are.
 */
export const clean = (text: string): string =>
  text
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(/[\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, "")

/** Cut to at most `max` UTF-16 units, with `…` where something is missing; never through a character. */
export const cut = (text: string, max: number): string => {
  if (text.length <= max) return text
  const head = text.slice(0, Math.max(0, max - 1))
  return `${/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head}…`
}

/** Both: what a caller chose, at most so long. */
export const shown = (text: string, max: number): string => cut(clean(cut(text, max * 4)), max)

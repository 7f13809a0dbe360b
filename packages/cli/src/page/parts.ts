/** A name beside the line, the dashes or the band that it has in a plot. */
export type Tone = readonly [name: string, tone: string, shape?: "line" | "dashed" | "band"]

/** What the colours and shapes of a plot mean. */
export const legendHtml = (tones: readonly Tone[]): string =>
  `<div class="legend">${tones
    .map(
      ([name, tone, shape = "line"]) =>
        `<span><i class="${shape}" style="--tone: var(${tone})"></i>${escapeHtml(name)}</span>`,
    )
    .join("")}</div>`

/** Large figures in a row. */
export const figuresHtml = (
  figures: readonly { readonly value: string; readonly name: string; readonly tone: string }[],
): string =>
  `<div class="figures">${figures
    .map(
      ({ value, name, tone }) =>
        `<div class="figure" style="--tone: var(${tone})"><b>${escapeHtml(value)}</b><span>${escapeHtml(name)}</span></div>`,
    )
    .join("")}</div>`

/** @param amounts which columns are amounts, from 0 */
export const tableHtml = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
  amounts: readonly number[] = [],
): string => {
  const row = (tag: "td" | "th", cells: readonly string[]): string =>
    `<tr>${cells
      .map((cell, at) => {
        const mark = amounts.includes(at) ? ' class="number"' : ""
        return cell === "" ? "<td></td>" : `<${tag}${mark}>${escapeHtml(cell)}</${tag}>`
      })
      .join("")}</tr>`
  return `<div class="scroll" tabindex="0"><table><thead>${row("th", head)}</thead><tbody>${rows
    .map((cells) => row("td", cells))
    .join("")}</tbody></table></div>`
}

/** One line of a list of what was told: `kind` gives its colour. */
export const toldHtml = (kind: string, at: string, what: string, text: string): string =>
  `<li class="${escapeHtml(kind)}"><time>${escapeHtml(at)}</time><em>${escapeHtml(what)}</em><span>${escapeHtml(text)}</span></li>`

export const escapeHtml = (text: string): string =>
  text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;")

import { readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { CliError } from "../io.ts"
import { escapeHtml } from "./parts.ts"
import { PLOT_TOOLS } from "./plotTools.ts"
import { PAGE_STYLE } from "./style.ts"

/** What a page is made of. */
export interface Page {
  readonly heading: string
  /** HTML below the heading. */
  readonly body: string
  /** HTML. */
  readonly footer: string
  /** What `script` knows as `DATA`. */
  readonly data: unknown
  /** Draws the plots, with the tools of `PLOT_TOOLS`. */
  readonly script: string
}

/** A page with nothing to load: its style, its data and what draws its plots are in it. */
export const pageHtml = ({ heading, body, footer, data, script }: Page): string => {
  const require = createRequire(import.meta.url)
  const style = readFileSync(require.resolve("uplot/dist/uPlot.min.css"), "utf8")
  const plots = readFileSync(require.resolve("uplot/dist/uPlot.iife.min.js"), "utf8")
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Spendfuse: ${escapeHtml(heading)}</title>
<style>${style}${PAGE_STYLE}</style></head><body><main>
<h1>${escapeHtml(heading)}</h1>
${body}
<footer>${footer}</footer>
</main>
<script>${KNOWN_LANGUAGE}${plots}</script>
<script>const DATA = ${JSON.stringify(data).replace(/</g, "\\u003c")};${PLOT_TOOLS}${script}</script>
</body></html>
`
}

/** A browser under the locale `C` names a language that is none, and numbers cannot be written in it. */
const KNOWN_LANGUAGE = `try { new Intl.NumberFormat(navigator.language) } catch { Object.defineProperty(navigator, "language", { value: "en-US" }) }
`

/** @param flag that named the path @throws CliError where it cannot be written */
export const writePage = (path: string, html: string, flag: string): void => {
  try {
    writeFileSync(path, html)
  } catch (error) {
    throw new CliError(
      `${path}: the page cannot be written: ${(error as NodeJS.ErrnoException).code}; give another place with ${flag}`,
    )
  }
}

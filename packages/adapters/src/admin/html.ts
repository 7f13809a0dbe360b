import { sha256, toBase64url } from "../http/mac.ts"
import { clean } from "../notify/words/clean.ts"
import { pageAnswer } from "./answer.ts"

/** Text as HTML shows it, inside an element or a quoted attribute: nothing in it is markup, or hides. */
export const escaped = (text: string): string =>
  clean(text).replace(/[&<>"'`]/g, (char) => `&#${char.charCodeAt(0)};`)

/** A page of its own: no script, one style that is named by its hash, forms to this host alone. */
export const page = async (title: string, main: string, status = 200): Promise<Response> => {
  policy ??= digestSource(STYLE).then(
    (source) =>
      `default-src 'none'; style-src ${source}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  )
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${escaped(title)}</h1>
${main}
</main>
</body>
</html>
`
  return pageAnswer(html, status, await policy)
}

let policy: Promise<string> | undefined

const STYLE = `
:root { color-scheme: light dark; font: 100%/1.5 system-ui, sans-serif; }
main { max-width: 36rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; }
dt { font-weight: 600; }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
label { display: block; font-weight: 600; margin-top: 1rem; }
input, textarea, button { font: inherit; width: 100%; box-sizing: border-box; padding: .6rem; }
button { margin-top: 1rem; font-weight: 600; }
[role=alert] { border: 2px solid; padding: .6rem; }
`

/** How a policy names an inline script or style: by its hash, in plain base64. */
export const digestSource = async (text: string): Promise<string> => {
  const hash = toBase64url(await sha256(text))
  return `'sha256-${hash.replaceAll("-", "+").replaceAll("_", "/")}='`
}

import { pageAnswer } from "../answer.ts"
import { digestSource } from "../html.ts"
import { CONSOLE } from "./assets.ts"

/**
 * The console's page. It holds no data and no secret: what it shows, its script asks of the API, with the
 * credential of who looks.
 *
 * @param isSignedIn whether the host's own sign-in knows this browser, so that no token need be asked for
 */
export const consolePage = async (isSignedIn: boolean): Promise<Response> => {
  policy ??= policyOf()
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Spendfuse</title>
<style>${CONSOLE.style}</style>
</head>
<body>
<div id="app" data-signed-in="${isSignedIn}"><noscript>This page needs JavaScript. The command line does the same.</noscript></div>
<script>${CONSOLE.script}</script>
</body>
</html>
`
  return pageAnswer(html, 200, await policy, {
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
  })
}

let policy: Promise<string> | undefined

/** One script and one style, each known by its hash; it may ask this origin and no other, and be framed by nobody. */
const policyOf = async (): Promise<string> =>
  [
    "default-src 'none'",
    `script-src ${await digestSource(CONSOLE.script)}`,
    `style-src ${await digestSource(CONSOLE.style)}`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ")

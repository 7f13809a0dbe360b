import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { inflate } from "@sparticuz/chromium"
import { type Browser, chromium } from "playwright-core"

/**
 * Starts the Chromium that an npm package carries, so that no test hangs on what a machine happens to have. The
 * package is of Linux; elsewhere `CHROMIUM` names a browser.
 */
export const openBrowser = async (): Promise<Browser> => {
  const given = process.env.CHROMIUM
  const folder = given === undefined ? await unpacked() : null
  return chromium.launch({
    executablePath: given ?? join(folder ?? "", "chromium"),
    args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    ...(folder !== null && {
      env: {
        ...process.env,
        FONTCONFIG_PATH: join(folder, "fonts"),
        LD_LIBRARY_PATH: join(folder, "al2023", "lib"),
      },
    }),
  })
}

const carrier = dirname(dirname(createRequire(import.meta.url).resolve("@sparticuz/chromium")))

/** Unpacked once for each version, beside the other things that the workspace makes. */
const unpacked = async (): Promise<string> => {
  if (process.platform !== "linux")
    throw new Error("the browser of the tests is one of Linux; name another one by CHROMIUM=path")
  const { version } = createRequire(import.meta.url)(join(carrier, "package.json")) as {
    readonly version: string
  }
  const cache = fileURLToPath(
    new URL("../../../../../node_modules/.cache/spendfuse/", import.meta.url),
  )
  const folder = join(cache, `chromium-${version}`)
  if (existsSync(folder)) return folder
  const made = `${folder}.${process.pid}`
  mkdirSync(made, { recursive: true })
  const before = process.env.TMPDIR
  process.env.TMPDIR = made
  try {
    for (const file of ["chromium.br", "fonts.tar.br", "al2023.tar.br"])
      await inflate(join(carrier, "bin", file))
  } finally {
    if (before === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = before
  }
  // Whoever was first has put it there whole.
  if (existsSync(folder)) rmSync(made, { recursive: true })
  else renameSync(made, folder)
  return folder
}

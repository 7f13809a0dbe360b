/** The token of this tab; null where nobody has given one. */
export const keptToken = (): string | null => kept("token")

/** Keeps it until the tab is closed; null forgets it. */
export const keepToken = (token: string | null): void => keep("token", token)

/** The name that was given with the last command of this tab; empty at first. */
export const keptName = (): string => kept("name") ?? ""

/** Keeps it until the tab is closed. */
export const keepName = (name: string): void => keep("name", name)

/** Where the browser forbids to keep anything, it lives as long as the page. */
const ofThisPage = new Map<string, string>()

const kept = (what: string): string | null => {
  try {
    return sessionStorage.getItem(`spendfuse.${what}`)
  } catch {
    return ofThisPage.get(what) ?? null
  }
}

const keep = (what: string, text: string | null): void => {
  if (text === null) ofThisPage.delete(what)
  else ofThisPage.set(what, text)
  try {
    if (text === null) sessionStorage.removeItem(`spendfuse.${what}`)
    else sessionStorage.setItem(`spendfuse.${what}`, text)
  } catch {
    return
  }
}

/**
 * Takes back out of a stream what Spendfuse asked for and the caller did not: the last chunk with the usage
 * and no choices, and the `"usage":null` of the others. Works on whole events; everything else passes as it is.
 */
export class UsageHider {
  readonly #decoder = new TextDecoder()
  readonly #encoder = new TextEncoder()
  #rest = ""

  push(chunk: Uint8Array): readonly Uint8Array[] {
    this.#rest += this.#decoder.decode(chunk, { stream: true })
    const end = lastEventEnd(this.#rest)
    if (end === 0) return []
    const whole = this.#rest.slice(0, end)
    this.#rest = this.#rest.slice(end)
    return this.#shown(whole)
  }

  flush(): readonly Uint8Array[] {
    const rest = this.#rest + this.#decoder.decode()
    this.#rest = ""
    return rest === "" ? [] : this.#shown(rest)
  }

  #shown(text: string): readonly Uint8Array[] {
    const shown = text
      .split(EVENT)
      .map((event) => (isUsageOnly(event) ? "" : event.replace(NULL_USAGE, "")))
      .join("")
    return shown === "" ? [] : [this.#encoder.encode(shown)]
  }
}

/** Cuts after each blank line. */
const EVENT = /(?<=\r?\n\r?\n)/
const NULL_USAGE = /,\s*"usage"\s*:\s*null(?=\s*[,}])/

const lastEventEnd = (text: string): number => {
  const lf = text.lastIndexOf("\n\n")
  const crlf = text.lastIndexOf("\r\n\r\n")
  return Math.max(lf < 0 ? 0 : lf + 2, crlf < 0 ? 0 : crlf + 4)
}

const isUsageOnly = (event: string): boolean =>
  /"usage"\s*:\s*\{/.test(event) && /"choices"\s*:\s*\[\s*\]/.test(event)

import { StoreCorrupt, StoreUnavailable } from "@spendfuse/core/ports"
import { encodeText } from "@spendfuse/core/wire"
import { type Answer, answerOf, callText, type Verbs } from "./calls.ts"
import type { ObjectNamespace } from "./platform.ts"
import { NAME } from "./tables.ts"

interface ObjectsOptions {
  readonly namespace: ObjectNamespace
  readonly prefix: string
  /** Epoch milliseconds; each object's own clock unless given. */
  readonly nowMs: (() => number) | undefined
}

/** What an object answered where it did not do what it was asked. */
export class Unlisted extends Error {
  override readonly name = "Unlisted"
}

/** Asks the objects of divisions. */
export class Objects {
  readonly #options: ObjectsOptions
  readonly #names = new Map<string, string>()
  #isClosed = false

  constructor(options: ObjectsOptions) {
    this.#options = options
  }

  close(): void {
    this.#isClosed = true
  }

  /**
   * Asks one object one thing; once more where the platform says that it had just ended.
   *
   * @throws Unlisted; RangeError for what the object does not take; StoreUnavailable; StoreCorrupt; the
   *   signal's reason
   */
  async ask<Verb extends keyof Verbs>(
    division: string,
    verb: Verb,
    args: Parameters<Verbs[Verb]>,
    signal?: AbortSignal,
  ): Promise<ReturnType<Verbs[Verb]>> {
    this.assertOpen()
    const { nowMs } = this.#options
    const call = { division, verb, args, ...(nowMs !== undefined && { nowMs: nowMs() }) }
    const body = callText(call)
    const name = this.#names.get(division) ?? (await this.#nameOf(division))
    const init = { method: "POST", body, ...(signal !== undefined && { signal }) }
    const text = await this.#fetched(name, init).catch((error: unknown) => {
      signal?.throwIfAborted()
      if (!hasEnded(error)) throw new StoreUnavailable(NAME, error)
      return this.#fetched(name, init).catch((again: unknown) => {
        signal?.throwIfAborted()
        throw new StoreUnavailable(NAME, again)
      })
    })
    return valueOfAnswer(text) as ReturnType<Verbs[Verb]>
  }

  assertOpen(): void {
    if (this.#isClosed) throw new StoreUnavailable(NAME, "it was closed")
  }

  async #fetched(name: string, init: RequestInit): Promise<string> {
    const { namespace } = this.#options
    const stub = namespace.get(namespace.idFromName(name) as never)
    const answer = await stub.fetch("https://ledger.invalid/", init as never)
    if (answer.status !== 200) throw new Error(`status ${answer.status}`)
    return answer.text()
  }

  /** A name of an object is not long, and holds no text that UTF-8 cannot. */
  async #nameOf(division: string): Promise<string> {
    const encoded = encodeText(division)
    const name =
      encoded.length <= NAME_MAX
        ? `${this.#options.prefix}/=${encoded}`
        : `${this.#options.prefix}/#${await digestOf(encoded)}`
    if (this.#names.size >= NAMES_MAX) this.#names.clear()
    this.#names.set(division, name)
    return name
  }
}

const NAME_MAX = 200
const NAMES_MAX = 10_000

/** An object that was moved, or whose code is new, ends what was on its way to it; what is asked may be asked twice. */
const hasEnded = (error: unknown): boolean => {
  const { retryable, durableObjectReset, overloaded } = (error ?? {}) as Record<string, unknown>
  return (retryable === true || durableObjectReset === true) && overloaded !== true
}

const valueOfAnswer = (text: string): unknown => {
  const answer = readOf(text)
  if (answer.ok) return answer.value
  const { fault, detail } = answer
  if (fault === "unlisted") throw new Unlisted(detail)
  if (fault === "corrupt") throw new StoreCorrupt(NAME, detail)
  if (fault === "asked-wrong") throw new RangeError(detail)
  throw new StoreUnavailable(NAME, new Error(detail))
}

const readOf = (text: string): Answer => {
  try {
    return answerOf(text)
  } catch (error) {
    throw new StoreCorrupt(NAME, `an answer is none: ${(error as Error).message}`)
  }
}

const digestOf = async (text: string): Promise<string> => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("")
}

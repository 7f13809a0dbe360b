/** A request that a notifier sent. */
export interface Sent {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly body: string
  readonly redirect: string
}

/** What a far side does with each request. */
export interface Behaviour {
  readonly answer?: (sent: Sent) => Response
  /** As a runtime says it: with the whole URL in the error. */
  readonly breaks?: boolean
  /** Answers never, or never ends its answer; the signal of the request does not help. */
  readonly hangs?: "before" | "within"
  /** Refuses, and repeats all that it was sent. */
  readonly echoes?: boolean
}

/** Stands in for `fetch`, and keeps what was sent. */
export class FarSide {
  readonly sent: Sent[] = []
  readonly #behaviour: Behaviour

  constructor(behaviour: Behaviour) {
    this.#behaviour = behaviour
  }

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    const sent: Sent = {
      url: request.url,
      method: request.method,
      headers: request.headers,
      body: await request.text(),
      redirect: request.redirect,
    }
    this.sent.push(sent)
    return this.#answer(sent)
  }

  #answer(sent: Sent): Response | Promise<Response> {
    const { answer, breaks, hangs, echoes } = this.#behaviour
    if (breaks === true)
      throw new TypeError(`error sending request for url (${sent.url})`, {
        cause: new Error(`connect ECONNREFUSED ${sent.url} ${sent.body}`),
      })
    if (hangs === "before") return new Promise(() => undefined)
    if (hangs === "within") return new Response(new ReadableStream({ pull: forever }))
    if (echoes === true)
      return new Response(JSON.stringify({ ...sent, headers: [...sent.headers] }), { status: 400 })
    return answer?.(sent) ?? new Response(null, { status: 204 })
  }
}

const forever = (): Promise<void> => new Promise(() => undefined)

import type { Attributes, Tracer } from "@opentelemetry/api"
import {
  type Admitted,
  type Extended,
  inputTokensOf,
  outputTokensOf,
  type Settled,
  type Settlement,
  WrappedCall,
} from "@spendfuse/core"
import { NANO, requestAttributes, usageAttributes } from "./attributes.ts"
import type { Instruments } from "./instruments.ts"

/** An admitted call that tells what it holds while it runs, and what it did cost. */
export class ObservedCall extends WrappedCall {
  readonly #instruments: Instruments
  readonly #tracer: Tracer
  readonly #attributes: Attributes
  #heldUsd: number
  #spentUsd = 0
  #hasEnded = false

  constructor(
    call: Admitted,
    { instruments, tracer }: { readonly instruments: Instruments; readonly tracer: Tracer },
  ) {
    super(call)
    this.#instruments = instruments
    this.#tracer = tracer
    this.#attributes = requestAttributes(call)
    this.#heldUsd = call.held.usd / NANO
    instruments.running.add(1, this.#attributes)
    instruments.held.add(this.#heldUsd, this.#attributes)
  }

  override settle(settlement: Settlement): Promise<Settled> {
    const isFinal = settlement?.final !== false
    return this.#settled(settlement, isFinal, () => super.settle(settlement))
  }

  override assume(): Promise<Settled> {
    return this.#settled({}, true, () => super.assume())
  }

  override async extend(tokens: {
    readonly least: number
    readonly most: number
  }): Promise<Extended> {
    const extended = await super.extend(tokens)
    const heldUsd = this.call.held.usd / NANO
    if (!this.#hasEnded) this.#instruments.held.add(heldUsd - this.#heldUsd, this.#attributes)
    this.#heldUsd = heldUsd
    return extended
  }

  override async release(): Promise<void> {
    await super.release()
    this.#end()
  }

  async #settled(
    settlement: Settlement,
    isFinal: boolean,
    settle: () => Promise<Settled>,
  ): Promise<Settled> {
    const span = this.#tracer.startSpan("spendfuse.settle", { attributes: this.#attributes })
    try {
      const settled = await settle()
      span.setAttributes({
        ...usageAttributes(settlement),
        "spendfuse.cost_usd": settled.amounts.usd / NANO,
        "spendfuse.assumed": settled.assumed !== null,
        "spendfuse.final": isFinal,
      })
      this.#count(settlement, settled, isFinal)
      return settled
    } finally {
      span.end()
    }
  }

  /** Parts are cumulative: what came since the last one is added. A second end counts nothing. */
  #count(settlement: Settlement, settled: Settled, isFinal: boolean): void {
    if (this.#hasEnded) return
    const { spend, tokenUsage } = this.#instruments
    const spentUsd = settled.amounts.usd / NANO
    const isAssumed = settled.assumed !== null
    const counts = isFinal || !isAssumed
    if (counts && spentUsd > this.#spentUsd) {
      spend.add(spentUsd - this.#spentUsd, {
        ...this.#attributes,
        "spendfuse.assumed": isAssumed,
      })
      this.#spentUsd = spentUsd
    }
    if (!isFinal) return
    const { usage } = settlement
    if (usage !== undefined && !isAssumed) {
      tokenUsage.record(inputTokensOf(usage), { ...this.#attributes, "gen_ai.token.type": "input" })
      tokenUsage.record(outputTokensOf(usage), {
        ...this.#attributes,
        "gen_ai.token.type": "output",
      })
    }
    this.#end()
  }

  #end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#instruments.running.add(-1, this.#attributes)
    this.#instruments.held.add(-this.#heldUsd, this.#attributes)
  }
}

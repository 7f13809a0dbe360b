import { type MeterProvider, metrics, type TracerProvider, trace } from "@opentelemetry/api"
import type { DomainEvent, Notice, Notifier, Spendfuse } from "@spendfuse/core"
import { Circuits } from "./circuits.ts"
import { instrumentsOf } from "./instruments.ts"
import { observed } from "./observed.ts"
import { watchedNotifier } from "./watchedNotifier.ts"

/** Where metrics and spans go. */
export interface OtelOptions {
  /** The global one unless given. */
  readonly meterProvider?: MeterProvider
  /** The global one unless given. */
  readonly tracerProvider?: TracerProvider
  /**
   * Puts the subject (`spendfuse.subject.*`) and the reservation on spans; false unless given. Never on metrics,
   * where each value is a series of its own.
   */
  readonly ids?: boolean
  /** Wall clock, epoch milliseconds; for tests. */
  readonly nowMs?: () => number
  /** Monotonic milliseconds; for tests. */
  readonly monotonicMs?: () => number
}

/** What is put between a host and its Spendfuse. */
export interface Observing {
  /** The same Spendfuse: what is decided and counted through it is measured. */
  readonly observe: (spendfuse: Spendfuse) => Spendfuse
  /** The same notifiers, measured: give these to `createSpendfuse`. */
  readonly notifiers: <Name extends string>(
    notifiers: Readonly<Record<Name, Notifier>>,
  ) => Readonly<Record<Name, Notifier>>
  /** Counts events and circuits: give it to `createSpendfuse`, or call it in a hook of your own. */
  readonly onEvent: (event: DomainEvent) => void
  /** Counts notices; call it in your own `onNotice`, which else has the console as its default. */
  readonly onNotice: (notice: Notice) => void
}

/**
 * Measures a Spendfuse with OpenTelemetry. No name of a subject, key or reservation is on any metric; models,
 * providers, budgets and notifiers are.
 *
 * @example
 * const otel = openTelemetry()
 * const spendfuse = otel.observe(
 *   createSpendfuse({ policy, store, notifiers: otel.notifiers({ slack }), onEvent: otel.onEvent }),
 * )
 */
export const openTelemetry = (options: OtelOptions = {}): Observing => {
  const { nowMs = Date.now, monotonicMs = () => performance.now(), ids = false } = options
  const meter = (options.meterProvider ?? metrics.getMeterProvider()).getMeter(SCOPE)
  const tracer = (options.tracerProvider ?? trace.getTracerProvider()).getTracer(SCOPE)
  const instruments = instrumentsOf(meter)
  const circuits = new Circuits()
  meter
    .createObservableGauge("spendfuse.circuits", {
      unit: "{account}",
      description: "Accounts whose circuit is not closed, as this process has heard",
    })
    .addCallback((result) => {
      for (const { budget, state, accounts } of circuits.counts())
        result.observe(accounts, { "spendfuse.budget": budget, "spendfuse.circuit.state": state })
    })
  return {
    observe: (spendfuse) => observed(spendfuse, { instruments, tracer, ids, monotonicMs }),
    notifiers: (notifiers) => {
      const watched = Object.entries<Notifier>(notifiers).map(
        ([channel, notifier]) =>
          [channel, watchedNotifier(notifier, { channel, instruments, nowMs })] as const,
      )
      return Object.fromEntries(watched) as typeof notifiers
    },
    onEvent: (event) => {
      circuits.hear(event)
      instruments.events.add(1, attributesOf(event))
    },
    onNotice: ({ kind }) => instruments.notices.add(1, { "spendfuse.notice": kind }),
  }
}

const SCOPE = "@spendfuse/adapters/otel"

const attributesOf = (event: DomainEvent): Record<string, string> => ({
  "spendfuse.event": event.kind,
  ...("account" in event && { "spendfuse.budget": budgetOf(event.account) }),
  ...(event.kind === "tier" && { "spendfuse.tier": event.label }),
  ...(event.kind === "circuit" && { "spendfuse.circuit.state": event.state }),
  ...(event.kind === "audit" && { "spendfuse.verb": event.verb }),
})

const budgetOf = (account: string): string => account.slice(0, account.indexOf("/"))

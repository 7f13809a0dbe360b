/**
 * Metrics and spans of decisions, spend and alerts, by the OpenTelemetry API of the host.
 *
 * @module
 */
export { type Observing, type OtelOptions, openTelemetry } from "./otel/openTelemetry.ts"

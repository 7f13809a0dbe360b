/**
 * Finds accounts that spend unlike themselves, beside the decisions: a pure detector, and a watch on what a
 * Spendfuse settles.
 *
 * @module
 */
export { type Anomaly, AnomalyDetector, type Spent } from "./anomaly/detector.ts"
export type { AnomalyOptions, BurnRule } from "./anomaly/options.ts"
export { anomalyEvent, anomalyText } from "./anomaly/told.ts"
export { type WatchOptions, watchSpend } from "./anomaly/watchSpend.ts"

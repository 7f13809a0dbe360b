/**
 * A notifier that opens and resolves incidents of PagerDuty.
 *
 * @module
 */
export { type PagerdutyOptions, pagerduty } from "./notify/pagerduty/pagerduty.ts"

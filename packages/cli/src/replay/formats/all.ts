import { anthropicUsageFormat } from "./anthropicUsage.ts"
import { azureFormat } from "./azure.ts"
import type { Format } from "./format.ts"
import { heliconeFormat } from "./helicone.ts"
import { langfuseFormat } from "./langfuse.ts"
import { litellmFormat } from "./litellm.ts"
import { openaiUsageFormat } from "./openaiUsage.ts"
import { otlpFormat } from "./otlp.ts"
import { plainFormat } from "./plain.ts"

/** All forms; the first that fits a log's first record is its form. `plain` fits anything, and is the last. */
export const FORMATS: readonly Format[] = [
  azureFormat,
  openaiUsageFormat,
  anthropicUsageFormat,
  otlpFormat,
  litellmFormat,
  langfuseFormat,
  heliconeFormat,
  plainFormat,
]

import type { Format } from "./format.ts"

/**
 * The public Azure traces of LLM inference, which name nobody: `--set` gives them a payer and a model.
 *
 * Source: Azure/AzurePublicDataset, AzureLLMInferenceDataset2023.md.
 */
export const azureFormat: Format = {
  name: "azure",
  fits: (record) => "TIMESTAMP" in record && "ContextTokens" in record,
  columns: {
    time: ["TIMESTAMP"],
    inputTokens: ["ContextTokens"],
    outputTokens: ["GeneratedTokens"],
  },
}

import type { CostCase } from "./costCase.ts"

/*
 * Nano-USD per token, from Google's price page as the price list of 2026-09-23 has it, as input, cached, output:
 * 2.5-pro 1250, 125, 10000, and beyond 200,000 tokens 2500, 250, 15000; 2.5-flash 300, 30, 2500, audio 1000, cached
 * audio 100; 2.5-flash-lite 100, 10, 400; 2.5-flash-image 300, 2500, images 30000; 2.5-flash-tts 500, 10000 (sound);
 * 1.5-flash 75, 18.75, 300; 3.6-flash 750, 75, 3750, and from 2027-01-01 1500, 150, 7500. Flex: half.
 */
const answer = (usageMetadata: object, more: object = {}): object => ({
  candidates: [{ content: { role: "model", parts: [{ text: "hi" }] }, finishReason: "STOP" }],
  usageMetadata,
  ...more,
})
const part = (usageMetadata: object): object => ({
  candidates: [{ content: { role: "model", parts: [{ text: "hi" }] } }],
  usageMetadata,
})

const at = { shape: "gemini", provider: "google" } as const

export const geminiCases: readonly CostCase[] = [
  {
    ...at,
    name: "answer, plain",
    model: "gemini-2.5-flash",
    body: answer({ promptTokenCount: 100, candidatesTokenCount: 20, totalTokenCount: 120 }),
    sum: "100 × 300 + 20 × 2500",
    nano: 80_000,
  },
  {
    ...at,
    name: "answer, thoughts come on top of the candidates",
    model: "gemini-2.5-pro",
    body: answer({
      promptTokenCount: 10,
      candidatesTokenCount: 20,
      thoughtsTokenCount: 300,
      totalTokenCount: 330,
    }),
    sum: "10 × 1250 + 320 × 10000",
    nano: 3_212_500,
  },
  {
    ...at,
    name: "answer, cached content is in the prompt",
    model: "gemini-2.5-pro",
    body: answer({
      promptTokenCount: 5000,
      cachedContentTokenCount: 4000,
      candidatesTokenCount: 10,
      totalTokenCount: 5010,
      cacheTokensDetails: [{ modality: "TEXT", tokenCount: 4000 }],
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 5000 }],
    }),
    sum: "1000 × 1250 + 4000 × 125 + 10 × 10000",
    nano: 1_850_000,
  },
  {
    ...at,
    name: "answer, audio beside text and a picture",
    model: "gemini-2.5-flash",
    body: answer({
      promptTokenCount: 1358,
      candidatesTokenCount: 10,
      totalTokenCount: 1368,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 100 },
        { modality: "IMAGE", tokenCount: 258 },
        { modality: "AUDIO", tokenCount: 1000 },
      ],
    }),
    sum: "358 × 300 + 1000 × 1000 + 10 × 2500",
    nano: 1_132_400,
  },
  {
    ...at,
    name: "answer, cached audio",
    model: "gemini-2.5-flash",
    body: answer({
      promptTokenCount: 1500,
      cachedContentTokenCount: 1200,
      candidatesTokenCount: 1,
      totalTokenCount: 1501,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 400 },
        { modality: "AUDIO", tokenCount: 1100 },
      ],
      cacheTokensDetails: [
        { modality: "TEXT", tokenCount: 200 },
        { modality: "AUDIO", tokenCount: 1000 },
      ],
    }),
    sum: "200 × 300 + 100 × 1000 + 200 × 30 + 1000 × 100 + 1 × 2500",
    nano: 268_500,
  },
  {
    ...at,
    name: "answer, long context reprices the whole prompt",
    model: "gemini-2.5-pro",
    body: answer({
      promptTokenCount: 200_001,
      candidatesTokenCount: 2,
      totalTokenCount: 200_003,
    }),
    sum: "200001 × 2500 + 2 × 15000",
    nano: 500_032_500,
  },
  {
    ...at,
    name: "answer, fractions of a nano: rounded up once, at the end",
    model: "gemini-1.5-flash",
    body: answer({
      promptTokenCount: 3,
      cachedContentTokenCount: 3,
      candidatesTokenCount: 1,
      totalTokenCount: 4,
    }),
    sum: "3 × 18.75 + 1 × 300",
    nano: 357,
  },
  {
    ...at,
    name: "answer, a tool's prompt is input",
    model: "gemini-2.5-flash-lite",
    body: answer({
      promptTokenCount: 10,
      toolUsePromptTokenCount: 90,
      candidatesTokenCount: 5,
      totalTokenCount: 105,
    }),
    sum: "100 × 100 + 5 × 400",
    nano: 12_000,
  },
  {
    ...at,
    name: "answer, a picture drawn",
    model: "gemini-2.5-flash-image",
    body: answer({
      promptTokenCount: 10,
      candidatesTokenCount: 1300,
      totalTokenCount: 1310,
      candidatesTokensDetails: [{ modality: "IMAGE", tokenCount: 1290 }],
    }),
    sum: "10 × 300 + 10 × 2500 + 1290 × 30000",
    nano: 38_728_000,
  },
  {
    ...at,
    name: "answer, speech",
    model: "gemini-2.5-flash-preview-tts",
    body: answer({
      promptTokenCount: 10,
      candidatesTokenCount: 200,
      totalTokenCount: 210,
      candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 200 }],
    }),
    sum: "10 × 500 + 200 × 10000",
    nano: 2_005_000,
  },
  {
    ...at,
    name: "answer, flex as the response says",
    model: "gemini-2.5-flash",
    body: answer({
      promptTokenCount: 101,
      candidatesTokenCount: 20,
      totalTokenCount: 121,
      trafficType: "ON_DEMAND_FLEX",
    }),
    sum: "101 × 300 + 20 × 2500 / 2",
    nano: 40_150,
  },
  {
    ...at,
    name: "answer, the price of the day: a new year",
    model: "gemini-3.6-flash",
    at: "2027-01-01T00:00:00Z",
    body: answer({ promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 12 }),
    sum: "10 × 1500 + 2 × 7500",
    nano: 30_000,
  },
  {
    ...at,
    name: "answer, what its total has beyond the parts is output",
    model: "gemini-2.5-flash",
    body: answer({ promptTokenCount: 10, candidatesTokenCount: 2, totalTokenCount: 62 }),
    sum: "10 × 300 + 52 × 2500",
    nano: 133_000,
  },
  {
    ...at,
    name: "stream, each chunk has the usage so far",
    model: "gemini-2.5-flash",
    body: [
      part({ promptTokenCount: 8, totalTokenCount: 8 }),
      part({ promptTokenCount: 8, candidatesTokenCount: 4, totalTokenCount: 12 }),
      answer({
        promptTokenCount: 8,
        candidatesTokenCount: 9,
        thoughtsTokenCount: 30,
        totalTokenCount: 47,
      }),
    ],
    sum: "8 × 300 + 39 × 2500",
    nano: 99_900,
  },
  {
    ...at,
    name: "stream, the last chunk has no end of its own",
    model: "gemini-2.5-flash",
    body: [
      part({ promptTokenCount: 8, candidatesTokenCount: 4, totalTokenCount: 12 }),
      part({ promptTokenCount: 8, candidatesTokenCount: 9, totalTokenCount: 17 }),
    ],
    sum: "8 × 300 + 9 × 2500",
    nano: 24_900,
  },
  {
    ...at,
    name: "Gemma is free on this API",
    model: "gemma-3-27b-it",
    body: answer({ promptTokenCount: 800, candidatesTokenCount: 90, totalTokenCount: 890 }),
    sum: "890 × 0",
    nano: 0,
  },
]

/** 20 input and 5 output tokens of gpt-5: 20 × 1,250 + 5 × 10,000 nano-USD. */
export const GPT_5_NANO = 75_000
/** The same of claude-haiku-4-5: 20 × 1,000 + 5 × 5,000 nano-USD. */
export const HAIKU_NANO = 45_000

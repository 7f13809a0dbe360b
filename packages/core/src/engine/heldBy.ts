import type { Line } from "../domain/command.ts"
import type { Plan } from "../domain/compile.ts"
import type { Policy } from "../domain/policy.ts"
import type { Prices } from "../ports/Prices.ts"
import type { Asked } from "./asked.ts"
import type { Beats } from "./beats.ts"
import type { Decision, Refused } from "./decision.ts"
import type { Known } from "./known.ts"
import type { Notice } from "./notice.ts"
import type { Posts } from "./posts.ts"
import type { Refusing } from "./refusal.ts"
import type { Numbered, Sender } from "./send.ts"
import type { StoreCircuit } from "./storeCircuit.ts"

/** What a hold needs of the engine that made it. */
export interface HeldBy {
  readonly policy: Policy
  readonly options: {
    readonly prices: Prices | undefined
    readonly onNotice: (notice: Notice) => void
  }
  readonly sender: Sender
  readonly circuit: StoreCircuit
  readonly posts: Posts
  readonly known: Known
  readonly beats: Beats
  attempt(asked: Asked): Decision | Promise<Decision>
  refusal(refusing: Refusing): Refused
  wake(lines: readonly Line[]): void
  postRelease(plan: Plan, numbered: Numbered): void
}

import { RateLimiterMemory } from "rate-limiter-flexible"
import { coreContender } from "./core.ts"
import { measure } from "./rounds.ts"

const limiter = new RateLimiterMemory({ points: 1e15, duration: 3600 })
const keys = ["a", "b", "c", "d", "e"]
const rlf = {
  run: async (n: number) => {
    for (let i = 0; i < n; i += 1) for (const key of keys) await limiter.consume(key, 100)
  },
}
console.log(
  await measure({
    name: "sync",
    goal: 15,
    better: "higher",
    as: "rate",
    ours: coreContender(1),
    theirs: rlf,
    n: 2000,
  }),
)

import { expect, it } from "vitest"
import { amountsOf, levelAbove, levelAtOrBelow } from "../../src/domain/terms.ts"
import { AMOUNT_MAX } from "../../src/domain.ts"

it.each([
  [{ at: 10, repeat: 0 }, 9, 0, 10],
  [{ at: 10, repeat: 0 }, 10, 10, Number.POSITIVE_INFINITY],
  [{ at: 10, repeat: 4 }, 10, 10, 14],
  [{ at: 10, repeat: 4 }, 17, 14, 18],
  [{ at: 10, repeat: 4 }, 18, 18, 22],
  [{ at: AMOUNT_MAX - 4, repeat: 4 }, AMOUNT_MAX - 1, AMOUNT_MAX - 4, AMOUNT_MAX],
  [{ at: 2 ** 52, repeat: 2 ** 52 }, 2 ** 52, 2 ** 52, Number.POSITIVE_INFINITY],
])(
  "a tier at %o stands, at an amount of %i, between its levels %i and %i",
  (tier, amount, at, above) => {
    expect([levelAtOrBelow(tier, amount), levelAbove(tier, amount)]).toEqual([at, above])
  },
)

it("a call costs its base and each of its units, in each unit of account", () => {
  const base = { usd: 1, tokens: 2, requests: 3 }
  const perUnit = { usd: 10, tokens: 20, requests: 30 }
  expect(amountsOf({ base, perUnit }, 3)).toEqual({ usd: 31, tokens: 62, requests: 93 })
})

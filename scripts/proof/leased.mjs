// The same budget with slices, against the same without.
import { proveShared } from "./shared.mjs"

const OF_PLAIN = 0.99

/** Without leases, then with them: under an even load, and with nearly all of it on one host. */
export const proveLeases = async (options) => {
  const plain = await proveShared({ ...named(options, "plain"), lease: null })
  const results = [plain]
  for (const isSkewed of [false, true]) {
    const leased = await proveShared({ ...named(options, isSkewed ? "skewed" : "even"), isSkewed })
    const ofPlain = Math.round((leased.figures.used / plain.figures.used) * 1e5) / 1e5
    const name = `at least ${OF_PLAIN * 100} % of what is used without leases`
    results.push({
      ...leased,
      figures: { ...leased.figures, ofPlain },
      claims: [...leased.claims, { name, holds: ofPlain >= OF_PLAIN }],
    })
  }
  return results
}

/** Each run has a ledger of its own. */
const named = (options, what) =>
  options.place === undefined
    ? options
    : { ...options, place: { ...options.place, name: `${options.place.name}_${what}` } }

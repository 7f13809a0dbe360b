import type { Budget, Fallback } from "../domain/policy.ts"
import type { PolicyJson } from "./policyJson.ts"
import { shown, under } from "./problem.ts"
import type { Reader } from "./read.ts"

/** The fallbacks by name. */
export const fallbacksOf = (
  reader: Reader,
  json: PolicyJson["fallbacks"],
): ReadonlyMap<string, Fallback> => {
  const fallbacks = new Map<string, Fallback>()
  for (const [name, value] of Object.entries(json ?? {})) {
    const next = "next" in value && value.next !== undefined ? { next: value.next } : {}
    if ("model" in value)
      fallbacks.set(name, {
        kind: "model",
        model: value.model,
        ...(value.provider !== undefined && { provider: value.provider }),
        ...next,
      })
    else if ("wait" in value) {
      const forMs = reader.duration(under(under("fallbacks", name), "wait"), value.wait)
      fallbacks.set(name, { kind: "wait", forMs, ...next })
    } else if ("answer" in value) fallbacks.set(name, { kind: "answer", text: value.answer })
    else fallbacks.set(name, { kind: "custom", ...next })
  }
  return fallbacks
}

/** Whether every fallback that is named is there. */
export const checkNamed = (
  reader: Reader,
  budgets: readonly Budget[],
  fallbacks: ReadonlyMap<string, Fallback>,
  onRefused: string | undefined,
): void => {
  const check = (path: string, name: string | undefined): void => {
    if (name === undefined || fallbacks.has(name)) return
    const known = [...fallbacks.keys()].map(shown).join(", ")
    reader.problem(
      path,
      `${shown(name)} is not a fallback; ${known === "" ? "add it under `fallbacks`" : `there are ${known}`}`,
    )
  }
  check("onRefused", onRefused)
  for (const [name, fallback] of fallbacks)
    if ("next" in fallback) check(under(under("fallbacks", name), "next"), fallback.next)
  for (const [at, budget] of budgets.entries())
    for (const [tier, { degrade }] of budget.tiers.entries())
      check(under(under(under(under("budgets", at), "tiers"), tier), "degrade"), degrade)
}

/** Each fallback with those after it; one that comes back to itself is a problem. */
export const chainsOf = (
  reader: Reader,
  fallbacks: ReadonlyMap<string, Fallback>,
): ReadonlyMap<string, readonly string[]> => {
  const chains = new Map<string, readonly string[]>()
  for (const name of fallbacks.keys()) {
    const chain: string[] = []
    let at: string | undefined = name
    while (at !== undefined && !chain.includes(at)) {
      chain.push(at)
      const fallback = fallbacks.get(at)
      at = fallback !== undefined && "next" in fallback ? fallback.next : undefined
    }
    if (at === name)
      reader.problem(
        under("fallbacks", name),
        `it loops: ${[...chain, at].map(shown).join(" → ")}; end the chain`,
      )
    chains.set(name, chain)
  }
  return chains
}

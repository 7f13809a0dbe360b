import fc from "fast-check"
import type { Rule } from "../../domain/policy.ts"
import type { RuleFacts } from "../../domain/rule.ts"
import { PLATFORM, type Subject } from "../../domain/subject.ts"
import { HOUR_MS } from "../../domain/time.ts"
import { STORY_START_MS } from "./world.ts"

/**
 * Requests of the dimensions that a rule's budgets count by, that it reads, and that are given values of;
 * each may be absent, and may have any text as its value.
 */
export const anyFacts = (
  rule: Rule,
  values: Readonly<Record<string, readonly string[]>>,
  models: readonly string[],
): fc.Arbitrary<RuleFacts> => {
  const names = new Set([
    ...Object.keys(values),
    ...rule.budgets.flatMap(({ per }) => per),
    ...namesReadBy(rule, values),
  ])
  names.delete(PLATFORM)
  const dimensions = [...names].map((name) => [name, anyValue(values[name] ?? [])] as const)
  const subject: fc.Arbitrary<Subject> = fc
    .tuple(...dimensions.map(([name, value]) => fc.tuple(fc.constant(name), fc.boolean(), value)))
    .map((all) =>
      Object.fromEntries(all.flatMap(([name, isThere, value]) => (isThere ? [[name, value]] : []))),
    )
  const model = fc.option(fc.oneof(fc.constantFrom("gpt-5", ...models), fc.string()), {
    nil: undefined,
  })
  return fc.record({
    subject,
    model,
    provider: fc.constantFrom(undefined, "openai", "anthropic"),
    atMs: fc.nat({ max: 24 * 31 * 60 }).map((minutes) => STORY_START_MS + (minutes * HOUR_MS) / 60),
  })
}

const anyValue = (known: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom("v1", "v2", ...known) },
    { weight: 1, arbitrary: fc.string({ unit: "grapheme" }) },
  )

/** A rule tells by reading what it looks at; each value that is known of may lead it to a further one. */
const namesReadBy = (
  rule: Rule,
  values: Readonly<Record<string, readonly string[]>>,
): ReadonlySet<string> => {
  const names = new Set<string>()
  const seenBy = (known: Subject): void => {
    const subject = new Proxy(known, {
      get: (target, name) => {
        if (typeof name === "string") names.add(name)
        return Reflect.get(target, name) as unknown
      },
    })
    try {
      rule.apply({ subject, model: undefined, provider: undefined, atMs: STORY_START_MS })
    } catch {
      // That it throws is found by the law, with a request that shows it.
    }
  }
  seenBy({})
  for (const [name, known] of Object.entries(values))
    for (const value of known) seenBy({ [name]: value })
  names.delete("toJSON")
  return names
}

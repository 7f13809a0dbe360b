import type { PricedModel } from "../ports/Prices.ts"

/** A model as a message names it, cut to a length that a log can bear. */
export const named = ({ provider, model }: PricedModel): string =>
  provider === undefined
    ? `model \`${model.slice(0, 100)}\``
    : `model \`${provider.slice(0, 50)}/${model.slice(0, 100)}\``

/** A record's own entry: names come from requests, and may be `__proto__`. */
export const own = <T>(of: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(of, name) ? of[name] : undefined

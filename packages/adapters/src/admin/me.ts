import type { Spendfuse } from "@spendfuse/core"
import type { Credential } from "./auth.ts"
import type { MeView } from "./views.ts"

/** Whom a credential names, and what of the policy there is to operate. */
export const meOf = ({ policy }: Spendfuse, { by, may = "operate" }: Credential): MeView => ({
  by,
  may,
  budgets: policy.budgets.map(({ id, per, unit, observe = false }) => ({ id, per, unit, observe })),
  dimensions: [...new Set(["platform", ...policy.budgets.flatMap(({ per }) => per)])],
})

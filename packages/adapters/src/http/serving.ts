import type { Spendfuse } from "@spendfuse/core"
import { guardedFetch } from "../fetch/guardedFetch.ts"
import type { HostOptions } from "./options.ts"
import type { Serving } from "./served.ts"

/** What the requests of one middleware share: made once. */
export const servingOf = <HostRequest>(
  spendfuse: Spendfuse,
  options: HostOptions<HostRequest>,
): Serving<HostRequest> => ({
  spendfuse,
  options,
  guarded: guardedFetch(spendfuse, { ...options.fetch }),
})

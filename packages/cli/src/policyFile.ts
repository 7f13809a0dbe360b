import { decodePolicy, type Policy } from "@spendfuse/core"
import { checkKind } from "./fileKind.ts"
import type { Io } from "./io.ts"
import { type JsonFile, readJsonc } from "./jsonc.ts"

/** A policy that was read from a file. */
export interface PolicyFile extends Pick<JsonFile, "complaint"> {
  readonly policy: Policy
  readonly warnings: readonly string[]
}

/**
 * Reads a policy file, for every command that takes one.
 *
 * @throws CliError with every problem, where it stands and the mend
 */
export const readPolicyFile = (io: Io, path: string): PolicyFile => {
  const json = readJsonc(io, path)
  checkKind("policy", json, path)
  const decoded = decodePolicy(json.value)
  if (!decoded.ok) throw json.complaint(decoded.problems)
  const { policy, warnings } = decoded
  return { policy, warnings, complaint: json.complaint }
}

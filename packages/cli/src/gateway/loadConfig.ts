import { dirname, resolve } from "node:path"
import type { GatewayRules, Upstream, VirtualKey } from "@spendfuse/adapters/gateway"
import { type Policy, type Problem, under } from "@spendfuse/core"
import { specsOfFile } from "../dispatch/notifierSpec.ts"
import { CliError, type Io } from "../io.ts"
import { type JsonFile, readJsonc } from "../jsonc.ts"
import { readPolicyFile } from "../policyFile.ts"
import type { GatewayConfig } from "./config.ts"
import { readConfig } from "./readConfig.ts"

/** A config that was read, with what the environment and the other files hold. */
export interface LoadedConfig {
  readonly config: GatewayConfig
  readonly policy: Policy
  readonly rules: GatewayRules
  /** The files that it was read from. */
  readonly files: readonly string[]
  /** The path of a file that the config names. */
  readonly beside: (path: string) => string
}

export type Env = Readonly<Record<string, string | undefined>>

/**
 * Reads the config, its policy, and the variables that it names.
 *
 * @throws CliError with all problems of a file; it repeats no secret
 */
export const loadConfig = (io: Io, path: string, env: Env): LoadedConfig => {
  const json = readJsonc(io, path)
  const read = readConfig(json.value)
  if (!read.ok) throw json.complaint(read.problems)
  const { config } = read
  const beside = (name: string): string => resolve(dirname(path), name)
  const rules = rulesOf(config, env, json)
  const policyFile = beside(config.policy)
  const { policy, complaint } = readPolicyFile(io, policyFile)
  const specs = config.notifiers === undefined ? {} : specsOfFile(io, beside(config.notifiers))
  const untold = untoldChannels(policy, Object.keys(specs))
  if (untold.length > 0) throw complaint(untold)
  return { config, policy, rules, files: [path, policyFile], beside }
}

/** Channels of the policy that no notifier of the config serves. */
const untoldChannels = ({ budgets }: Policy, served: readonly string[]): readonly Problem[] =>
  budgets.flatMap(({ tiers }, budgetAt) =>
    tiers.flatMap(({ notify = [] }, tierAt) =>
      notify.flatMap((channel, at) => {
        if (served.includes(channel)) return []
        const tier = under(under(under("budgets", budgetAt), "tiers"), tierAt)
        return [
          {
            path: under(under(tier, "notify"), at),
            message: `no notifier serves \`${channel}\`; name it in the file that the config's \`notifiers\` names, e.g. { "notifiers": { "${channel}": { "kind": "console" } } }`,
          },
        ]
      }),
    ),
  )

/** What a variable holds. @throws CliError where it holds nothing */
export const variableOf = (env: Env, name: string): string => {
  const value = env[name] ?? ""
  if (value === "") throw new CliError(`environment variable \`${name}\` is not set; set it`)
  return value
}

const rulesOf = (config: GatewayConfig, env: Env, json: JsonFile): GatewayRules => {
  const problems: Problem[] = []
  const value = (path: string, name: string): string => {
    const held = env[name] ?? ""
    if (held === "")
      problems.push({ path, message: `\`${name}\` is not set in the environment; set it` })
    return held
  }
  const upstreams: Record<string, Upstream> = {}
  for (const [name, { keyEnv, ...upstream }] of Object.entries(config.upstreams)) {
    const path = under(under("upstreams", name), "keyEnv")
    upstreams[name] = {
      ...upstream,
      ...(keyEnv !== undefined && { key: value(path, keyEnv) }),
    }
  }
  const keys: Record<string, VirtualKey> = {}
  for (const [name, { hash, keyEnv, ...rest }] of Object.entries(config.keys)) {
    const key = hash ?? value(under(under("keys", name), "keyEnv"), keyEnv ?? "")
    if (hash === undefined && key !== "" && !/^[\x21-\x7e]{20,512}$/.test(key))
      problems.push({
        path: under(under("keys", name), "keyEnv"),
        message: `what \`${keyEnv}\` holds is no key; set 20 to 512 characters without spaces`,
      })
    keys[name] = { ...rest, key }
  }
  if (problems.length > 0) throw json.complaint(problems)
  const { limits = {}, stream, rateLimit } = config
  return {
    upstreams,
    keys,
    ...(limits.bodyBytes !== undefined && { maxBodyBytes: limits.bodyBytes }),
    ...(limits.callMs !== undefined && { callMs: limits.callMs }),
    ...(stream !== undefined && { stream }),
    ...(rateLimit !== undefined && { rateLimit }),
  }
}

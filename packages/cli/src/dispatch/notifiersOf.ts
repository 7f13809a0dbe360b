import { consoleNotifier } from "@spendfuse/adapters/console"
import { pagerduty } from "@spendfuse/adapters/pagerduty"
import { slack } from "@spendfuse/adapters/slack"
import { webhook } from "@spendfuse/adapters/webhook"
import type { Notifier } from "@spendfuse/core"
import { CliError } from "../io.ts"
import type { NotifierSpec, NotifierSpecs } from "./notifierSpec.ts"

/** The environment's variables. */
type Env = Readonly<Record<string, string | undefined>>

/**
 * Makes the notifiers of the channels, with what the environment holds.
 *
 * @param write where a console notifier writes its lines
 * @throws CliError where a variable is missing or what it holds cannot be used; it never repeats that
 */
export const notifiersOf = (
  specs: NotifierSpecs,
  env: Env,
  write: (line: string) => void,
): Readonly<Record<string, Notifier>> => {
  const made = Object.entries(specs).map(([channel, spec]) => {
    try {
      return [channel, notifierOf(channel, spec, (name) => variableOf(env, channel, name), write)]
    } catch (error) {
      if (!(error instanceof TypeError)) throw error
      throw new CliError(`the notifier of channel \`${channel}\`: ${error.message}`)
    }
  })
  return Object.fromEntries(made) as Readonly<Record<string, Notifier>>
}

const notifierOf = (
  name: string,
  spec: NotifierSpec,
  value: (name: string) => string,
  write: (line: string) => void,
): Notifier => {
  switch (spec.kind) {
    case "console":
      return consoleNotifier({ name, write, ...(spec.format && { format: spec.format }) })
    case "slack":
      return slack({ name, webhookUrl: value(spec.webhookUrlEnv) })
    case "slack-bot": {
      const { tokenEnv, channel, apiUrl } = spec
      return slack({ name, token: value(tokenEnv), channel, ...(apiUrl && { apiUrl }) })
    }
    case "pagerduty": {
      const { routingKeyEnv, region, apiUrl, clientUrl } = spec
      return pagerduty({
        name,
        routingKey: value(routingKeyEnv),
        ...(region && { region }),
        ...(apiUrl && { apiUrl }),
        ...(clientUrl && { clientUrl }),
      })
    }
    case "webhook":
      return webhook({ name, url: value(spec.urlEnv), secrets: spec.secretsEnv.map(value) })
  }
}

const variableOf = (env: Env, channel: string, name: string): string => {
  const value = env[name]
  if (value !== undefined && value !== "") return value
  throw new CliError(
    `the notifier of channel \`${channel}\` needs the environment variable \`${name}\`; set it`,
  )
}

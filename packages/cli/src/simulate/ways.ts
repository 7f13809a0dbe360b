import { type FleetReport, WAYS, type Way, type WayReport } from "@spendfuse/core/lab"
import { countText, dollarsText } from "../figures.ts"
import { CliError } from "../io.ts"

/** How each way is called, and its colour on pages. */
export const WAY_LOOKS: Readonly<Record<Way, { readonly name: string; readonly tone: string }>> = {
  unguarded: { name: "no guard", tone: "--bare" },
  alert: { name: "billing alert", tone: "--alert" },
  counter: { name: "post-hoc counter", tone: "--post" },
  spendfuse: { name: "Spendfuse", tone: "--fuse" },
}

/** The ways that `--way` names; all where it is not given. @throws CliError */
export const waysOf = (given: readonly string[]): readonly Way[] => {
  for (const name of given)
    if (!WAYS.includes(name as Way))
      throw new CliError(`\`--way ${name.slice(0, 40)}\` is no way; there are ${WAYS.join(", ")}`)
  return given.length === 0 ? WAYS : WAYS.filter((way) => given.includes(way))
}

/** What became of the fleet under one way; null where it was not played. */
export const wayOf = ({ ways }: FleetReport, way: Way): WayReport | null =>
  ways.find((one) => one.way === way) ?? null

/** What the counter let through beyond Spendfuse, in one sentence; null where one of them was not played. */
export const beyondText = (report: FleetReport): string | null => {
  const counter = wayOf(report, "counter")
  const fuse = wayOf(report, "spendfuse")
  if (counter === null || fuse === null) return null
  const isFree = counter.billedNanoUsd === 0 && fuse.billedNanoUsd === 0
  const beyond = isFree ? counter.made - fuse.made : counter.billedNanoUsd - fuse.billedNanoUsd
  const amount = isFree ? countText(Math.abs(beyond), "call") : dollarsText(Math.abs(beyond))
  const fewer = counter.refusedWanted - fuse.refusedWanted
  const refusals =
    fewer === 0
      ? "as many wanted calls"
      : `${countText(Math.abs(fewer), "wanted call")} ${fewer > 0 ? "more" : "fewer"}`
  if (beyond === 0)
    return `The post-hoc counter let through as much as Spendfuse, and refused ${refusals}.`
  const what = `${amount} ${beyond > 0 ? "more" : isFree ? "fewer" : "less"} than Spendfuse`
  return `The post-hoc counter let through ${what}, and refused ${refusals}.`
}

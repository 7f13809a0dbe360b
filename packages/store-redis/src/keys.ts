import { encodeText } from "@spendfuse/core/wire"

/** The version of what the keys hold: it is part of every key, and a newer one found is refused. */
export const LAYOUT = 1

/**
 * What all keys of a division begin with. Its tag in braces puts them on one server of a Cluster, and no
 * division's keys are another's.
 *
 * @example baseOf("spendfuse", "acme") // => "{spendfuse:acme}1:"
 */
export const baseOf = (prefix: string, division: string): string =>
  `{${prefix}:${encodeText(division).replace(BREAKS_TAG, escaped)}}${LAYOUT}:`

/** Where the divisions are listed, and the layout of all is written. */
export const registryOf = (prefix: string): readonly [divisions: string, layout: string] => [
  `{${prefix}}:divisions`,
  `{${prefix}}:layout`,
]

/** @throws TypeError where the prefix would break the tag */
export const assertPrefix = (prefix: string): void => {
  if (!/^[\w.:-]{1,64}$/.test(prefix))
    throw new TypeError("`prefix` is none; write 1 to 64 letters, digits, `_`, `-`, `.` or `:`")
}

const BREAKS_TAG = /[%{}]/g

const escaped = (unit: string): string => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`

import { digestOf } from "../digest.ts"

const KEY_MAX = 255
const MARK = "#sha256:"
const HEX_LENGTH = 64

/**
 * The incident as PagerDuty's `dedup_key`, 255 characters at most. One that is longer, or not plain text, keeps
 * its beginning and ends in its digest; so does one that looks like that, so that no two share a key.
 */
export const dedupKeyOf = async (incident: string): Promise<string> => {
  const isPlain =
    incident.length <= KEY_MAX &&
    incident !== "" &&
    !incident.includes(MARK) &&
    !/[\p{Cc}\p{Cs}]|^\s|\s$/u.test(incident)
  if (isPlain) return incident
  const end = `${MARK}${await digestOf(incident)}`
  const head = incident.slice(0, KEY_MAX - MARK.length - HEX_LENGTH)
  return `${head.replace(/[^\x21-\x7e]/g, "_")}${end}`
}

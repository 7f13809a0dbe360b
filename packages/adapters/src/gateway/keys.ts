import { fromHex, isSameDigest, sha256 } from "../http/mac.ts"
import type { GatewayOptions, VirtualKey } from "./options.ts"
import { anyOf } from "./patterns.ts"

/** A virtual key that is known. */
export interface Caller extends Omit<VirtualKey, "key"> {
  readonly name: string
  readonly allows: (model: string) => boolean
}

type Hash = NonNullable<GatewayOptions["sha256"]>

/**
 * Finds callers by their keys. Only hashes are kept and compared, each in constant time; those that begin alike are
 * compared together, so that thousands of keys cost no more than one.
 */
export class Keys {
  readonly #hash: Hash
  readonly #ready: Promise<ReadonlyMap<string, readonly Known[]>>
  #known: ReadonlyMap<string, readonly Known[]> | null = null

  /** @throws TypeError where a key is malformed; it does not repeat it */
  constructor(keys: Readonly<Record<string, VirtualKey>>, hash: Hash = sha256) {
    this.#hash = hash
    const given = Object.entries(keys)
    for (const [name, { key }] of given) check(name, key)
    this.#ready = Promise.all(given.map(([name, key]) => knownOf(name, key, hash))).then(indexed)
    this.#ready.then(
      (known) => {
        this.#known = known
      },
      () => undefined,
    )
  }

  /** Null where nobody has this key. */
  find(key: string): Caller | null | Promise<Caller | null> {
    const digest = this.#hash(key)
    if (this.#known !== null && !(digest instanceof Promise)) return among(this.#known, digest)
    return Promise.all([this.#ready, digest]).then(([known, one]) => among(known, one))
  }
}

interface Known {
  readonly digest: Uint8Array
  readonly caller: Caller
}

const HASHED = "sha256:"
const KEY = /^[\x21-\x7e]{20,512}$/

const check = (name: string, key: string): void => {
  const isGood = key.startsWith(HASHED)
    ? fromHex(key.slice(HASHED.length)) !== undefined
    : KEY.test(key)
  if (!isGood)
    throw new TypeError(
      `the key of \`${name.slice(0, 40)}\` must be 20 to 512 characters without spaces, or \`${HASHED}\` and 64 hexadecimal digits`,
    )
}

const knownOf = async (name: string, { key, ...rest }: VirtualKey, hash: Hash): Promise<Known> => ({
  digest: key.startsWith(HASHED)
    ? (fromHex(key.slice(HASHED.length)) as Uint8Array)
    : await hash(key),
  caller: { ...rest, name, allows: rest.models === undefined ? () => true : anyOf(rest.models) },
})

const indexed = (all: readonly Known[]): ReadonlyMap<string, readonly Known[]> => {
  const known = new Map<string, Known[]>()
  for (const one of all) {
    const start = startOf(one.digest)
    known.set(start, [...(known.get(start) ?? []), one])
  }
  return known
}

const among = (known: ReadonlyMap<string, readonly Known[]>, digest: Uint8Array): Caller | null => {
  let found: Caller | null = null
  for (const one of known.get(startOf(digest)) ?? [])
    if (isSameDigest(one.digest, digest)) found = one.caller
  return found
}

/** Whoever asks cannot choose how a hash begins without trying as many keys. */
const startOf = (digest: Uint8Array): string => `${digest[0]}.${digest[1]}.${digest[2]}`

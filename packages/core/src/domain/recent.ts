/** A map that has the last entry it gave out at hand: whoever decides and then writes asks twice. */
export class Recent<Value> extends Map<string, Value> {
  #lastKey: string | undefined
  #last: Value | undefined

  override get(key: string): Value | undefined {
    if (key === this.#lastKey) return this.#last
    this.#last = super.get(key)
    this.#lastKey = key
    return this.#last
  }

  override set(key: string, value: Value): this {
    this.#lastKey = undefined
    return super.set(key, value)
  }

  override delete(key: string): boolean {
    this.#lastKey = undefined
    return super.delete(key)
  }

  override clear(): void {
    this.#lastKey = undefined
    super.clear()
  }
}

import { closeSync, fdatasync } from "node:fs"
import { clearTimeout, setTimeout } from "node:timers"

const SECOND_MS = 1_000

/** Syncs a file once a second while something is appended to it, beside the process's other work. */
export class Syncer {
  readonly #onError: (error: unknown) => void
  #timer: ReturnType<typeof setTimeout> | null = null
  /** The file that is being synced now. */
  #syncing: number | null = null
  #again: number | null = null
  #toClose = false

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError
  }

  /** Something was appended: within a second it is on its way to the disk. */
  soon(file: number): void {
    if (this.#syncing !== null) this.#again = file
    else this.#timer ??= setTimeout(() => this.#sync(file), SECOND_MS).unref()
  }

  /** Closes the file now, or as soon as it is synced. */
  close(file: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#again = null
    if (this.#syncing === file) this.#toClose = true
    else closeSync(file)
  }

  #sync(file: number): void {
    this.#timer = null
    this.#syncing = file
    fdatasync(file, (error) => {
      this.#syncing = null
      if (this.#toClose) {
        this.#toClose = false
        closeSync(file)
      } else if (error !== null) this.#onError(error)
      const again = this.#again
      this.#again = null
      if (again !== null) this.soon(again)
    })
  }
}

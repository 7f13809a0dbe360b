import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs"
import { dirname } from "node:path"
import { HEADER, RecordWriter, seedOf } from "./format.ts"

/** A journal's file, open for appending. */
export interface Segment {
  readonly file: number
  readonly writer: RecordWriter
  /** Where the next record goes, in bytes. */
  end: number
}

/** Appends what the writer has waiting. Where that fails, the next start finds a torn record and cuts it off. */
export const flush = (segment: Segment): void => {
  const bytes = segment.writer.take()
  writeAll(segment.file, bytes, segment.end)
  segment.end += bytes.length
}

/**
 * Puts a new file of these records in the place of the old one, which stays whole until the new one is
 * on the disk: a crash at any instant leaves the one or the other. `beforeRename` is for the old file's
 * descriptor, which Windows wants closed.
 */
export const replaceFile = (
  path: string,
  records: Iterable<readonly unknown[]>,
  beforeRename: () => void,
): Segment => {
  const fresh = `${path}.new`
  let segment: Segment
  try {
    segment = written(fresh, records)
  } catch (error) {
    rmSync(fresh, { force: true })
    throw error
  }
  beforeRename()
  renameSync(fresh, path)
  syncDirectory(dirname(path))
  return { ...segment, file: openSync(path, "r+") }
}

export const removeUnfinished = (path: string): void => rmSync(`${path}.new`, { force: true })

/** Makes what was appended outlive a loss of power. */
export const sync = ({ file }: Segment): void => fdatasyncSync(file)

/** Cuts a torn record off, or ends a whole one that lacks only its line's end. */
export const mendEnd = (file: number, end: number, hasLineEnd: boolean): number => {
  ftruncateSync(file, end)
  if (!hasLineEnd) writeAll(file, Buffer.from("\n"), end)
  fsyncSync(file)
  return hasLineEnd ? end : end + 1
}

const CHUNK = 2 ** 20

const written = (path: string, records: Iterable<readonly unknown[]>): Segment => {
  const file = openSync(path, "w", 0o600)
  try {
    const head = Buffer.from(`${HEADER}\n`)
    writeAll(file, head, 0)
    const segment: Segment = {
      file,
      writer: new RecordWriter(seedOf(HEADER), []),
      end: head.length,
    }
    for (const record of records) {
      segment.writer.add(record)
      if (segment.writer.waiting > CHUNK) flush(segment)
    }
    flush(segment)
    fsyncSync(file)
    return segment
  } finally {
    closeSync(file)
  }
}

const writeAll = (file: number, bytes: Buffer, at: number): void => {
  let done = 0
  while (done < bytes.length) {
    const count = writeSync(file, bytes, done, bytes.length - done, at + done)
    if (count === 0) throw new Error("nothing could be written")
    done += count
  }
}

/** The new name must be on the disk before anything is appended under it. */
const syncDirectory = (path: string): void => {
  let directory: number
  try {
    directory = openSync(path, "r")
  } catch (error) {
    if (isUnsupported(error)) return
    throw error
  }
  try {
    fsyncSync(directory)
  } catch (error) {
    if (!isUnsupported(error)) throw error
  } finally {
    closeSync(directory)
  }
}

/** Windows opens no directories; some file systems do not sync them. */
const isUnsupported = (error: unknown): boolean =>
  ["EISDIR", "EPERM", "EACCES", "EINVAL", "ENOTSUP"].includes(
    String((error as { code?: unknown }).code),
  )

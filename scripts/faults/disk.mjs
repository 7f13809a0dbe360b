// A small disk that can be filled: a file system in memory.
import { spawnSync } from "node:child_process"
import { closeSync, openSync, rmSync, writeSync } from "node:fs"
import { join } from "node:path"
import { temporaryFolder } from "../servers/ports.mjs"

/** @returns null where it cannot be mounted */
export const mountedDisk = (size) => {
  const folder = temporaryFolder("disk")
  const options = ["-t", "tmpfs", "-o", `size=${size},mode=777`, "spendfuse-faults", folder.path]
  const { status } = spawnSync("mount", options, { stdio: "ignore" })
  if (status !== 0) {
    folder.remove()
    return null
  }
  const filler = join(folder.path, "filler")
  return {
    path: folder.path,
    fill: () => {
      const file = openSync(filler, "w")
      try {
        for (const bytes of [1_000_000, 4_096]) while (fits(file, bytes));
      } finally {
        closeSync(file)
      }
    },
    empty: () => rmSync(filler),
    unmount: () => {
      spawnSync("umount", ["-l", folder.path], { stdio: "ignore" })
      folder.remove()
    },
  }
}

const fits = (file, bytes) => {
  try {
    return writeSync(file, Buffer.alloc(bytes)) === bytes
  } catch {
    return false
  }
}

import type { Command } from "commander"
import type { Io } from "../io.ts"

export const demoCommand = (program: Command, io: Io, exit: (code: number) => void): void => {
  program.command("demo").action(() => {
    io.out("")
    exit(0)
  })
}

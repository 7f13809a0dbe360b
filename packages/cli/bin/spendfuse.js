#!/usr/bin/env node
// Runs the built command line where it is built, the sources in a checkout.
import { existsSync } from "node:fs"

const built = new URL("../dist/main.js", import.meta.url)
const { main } = await import(existsSync(built) ? built.href : "../src/main.ts")
process.exitCode = await main(process.argv.slice(2))

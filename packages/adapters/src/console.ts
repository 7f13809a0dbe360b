/**
 * A notifier that writes lines, and an event in one line.
 *
 * @module
 */
export { type ConsoleNotifierOptions, consoleNotifier } from "./notify/console.ts"
export { describe } from "./notify/words/oneLine.ts"

/**
 * Notifiers of one's own: failures judged and free of secrets, and the words of the ready ones.
 *
 * @module
 */
export { EVENT_JSON_VERSION, eventJson } from "./notify/eventJson.ts"
export { defineNotifier, type NotifierDefinition } from "./notify/notifier.ts"
export type { Answer, Post, PostRequest } from "./notify/post.ts"
export { type Pace, paceText, shortAmount } from "./notify/words/amounts.ts"
export type {
  Fact,
  Link,
  LinkedTo,
  Links,
  Message,
  Severity,
  Words,
  WordsOptions,
} from "./notify/words/message.ts"
export { lengthText } from "./notify/words/times.ts"
export { messageOf } from "./notify/words/words.ts"

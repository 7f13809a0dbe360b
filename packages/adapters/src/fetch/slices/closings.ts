import type { Shape } from "../route.ts"
import { ChatClosing } from "./closing/chat.ts"
import type { Closing } from "./closing/closing.ts"
import { GeminiClosing } from "./closing/gemini.ts"
import { MessageClosing } from "./closing/messages.ts"
import { ResponseClosing } from "./closing/responses.ts"

/** Of a stream of this shape. */
export const closingOf = (shape: Shape): Closing => {
  switch (shape) {
    case "openai-chat":
    case "openai-embeddings":
      return new ChatClosing()
    case "openai-responses":
      return new ResponseClosing()
    case "anthropic-messages":
      return new MessageClosing()
    case "gemini":
      return new GeminiClosing()
  }
}

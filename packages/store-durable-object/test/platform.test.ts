import type { DurableObjectNamespace, DurableObjectState } from "@cloudflare/workers-types"
import { describe, expectTypeOf, it } from "vitest"
import type { ObjectNamespace, ObjectState } from "../src/index.ts"

// The compiler judges these.
describe("the platform's own types", () => {
  it("are what the store and its objects take", () => {
    expectTypeOf((one: DurableObjectNamespace): ObjectNamespace => one).toBeFunction()
    expectTypeOf((one: DurableObjectState): ObjectState => one).toBeFunction()
  })
})

import { expect, it } from "vitest"
import { type DomainEvent, eventName } from "../../src/domain.ts"

it.each([
  [{ kind: "tier", account: "key-hour/k", label: "80%" }, "tier key-hour 80%"],
  [{ kind: "circuit", account: "key-hour/k/x", state: "open" }, "circuit key-hour open"],
  [{ kind: "refusing", account: "b/k" }, "refusing b"],
  [{ kind: "overshoot", account: "b/k" }, "overshoot b"],
  [{ kind: "overflow", account: "b/k" }, "overflow b"],
  [{ kind: "period-end", account: "b/k" }, "period-end b"],
  [{ kind: "escalation", account: "b/k", step: 2 }, "escalation b 2"],
  [{ kind: "would-refuse", account: "b/k", reason: "busy" }, "would-refuse b busy"],
  [{ kind: "undelivered", account: "b/k", channel: "slack" }, "undelivered slack"],
  [{ kind: "expired", reservation: "s/1" }, "expired s/1"],
  [{ kind: "audit", verb: "trip" }, "audit trip"],
])("people and scenarios name an event by what it is of: %o: %s", (event, name) => {
  expect(eventName(event as DomainEvent)).toBe(name)
})

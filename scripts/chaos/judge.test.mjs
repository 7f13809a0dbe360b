import { describe, expect, it } from "vitest"
import { judge } from "./judge.mjs"

const event = (n, account = "a") => ({ id: `${account}/${n}`, account, channels: ["slack"] })
const log = Array.from({ length: 200 }, (_, n) => event(n))
const heard = (events) => new Map([["slack", events]])

describe("what chaos may not do", () => {
  it("acquits one that tells each event in order, and one of them twice", () => {
    const judged = judge(log, heard([log[0], log[1], log[1], ...log.slice(2)]))
    expect(judged).toMatchObject({ rows: 200, delivered: 201, duplicates: 1, problems: [] })
  })

  it.each([
    ["a lost event", log.slice(1), /never heard 1 events of a: a\/0/],
    ["two in the wrong order", [log[1], log[0], ...log.slice(2)], /out of their order/],
    ["1% told twice", [...log, log[0], log[1]], /told twice/],
    ["an event of nobody", [...log, event(0, "b")], /heard of b, which has no events/],
    ["a channel that heard nothing", [], /never heard 200 events/],
  ])("convicts %s", (_, told, problem) => {
    expect(judge(log, heard(told)).problems).toEqual([expect.stringMatching(problem)])
  })
})

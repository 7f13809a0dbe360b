import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createSpendfuse, definePolicy } from "@spendfuse/core"
import { memoryStore } from "@spendfuse/store-memory"
import { fileJournal } from "@spendfuse/store-memory/journal"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Ran, run } from "../fakeIo.ts"
import { spend, withHost } from "./host.ts"

let folder = ""
let path = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "spendfuse-terminal-"))
  path = join(folder, "journal")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const onHost = (work: Parameters<typeof withHost<unknown>>[1]) =>
  withHost(
    memoryStore({ journal: fileJournal({ path, fsync: "never", onNotice: () => undefined }) }),
    work,
  )

/** Runs it at a terminal where somebody answers so; every answer must be asked for. */
const answered = async (args: readonly string[], answers: readonly string[]): Promise<Ran> => {
  const left = [...answers]
  let asked = ""
  const ran = await run(
    [...args, "--store", `file:${path}`, "--by", "ann"],
    {},
    {
      isTerminal: true,
      columns: 60,
      ask: async (question) => {
        asked += question
        return left.shift() ?? "no more answers"
      },
    },
  )
  expect(left).toEqual([])
  return { ...ran, out: ran.out + asked }
}

const latched = async (): Promise<void> => {
  await onHost((host) => spend(host, "k1", 10))
}

const remaining = async (): Promise<string> => {
  const { out } = await run(["accounts", "--text", "day/k1", "--json", "--store", `file:${path}`])
  return JSON.parse(out).accounts[0].remaining
}

/** A key that waits for a person, and who is told one after the other until one comes. */
const escalating = async (): Promise<void> => {
  const journal = fileJournal({ path, fsync: "never", onNotice: () => undefined })
  const tell = { name: "tell", deliver: async () => undefined }
  const tier = { at: "100%", latch: true, notify: ["chat", "pager", "oncall"] } as const
  const budget = { id: "day", per: ["apiKey"], limit: { usd: 10 }, window: "day" } as const
  await using host = createSpendfuse({
    policy: definePolicy({
      budgets: [{ ...budget, tiers: [{ ...tier, escalateAfter: "15m" }] }],
      unknownModel: "refuse",
      onStoreUnavailable: "deny",
    }),
    store: memoryStore({ journal }),
    notifiers: { chat: tell, pager: tell, oncall: tell },
    onNotice: () => undefined,
  })
  await spend(host, "k1", 10)
}

describe("acknowledging at a terminal", () => {
  it("shows who is told next while nobody acknowledges", async () => {
    await escalating()
    const { out } = await answered(["ack", "day/k1", "--why", "x"], ["1", "y"])
    expect(out).toMatch(
      /next {4}pager is told at (\d\d-\d\d )?[\d:]{8} UTC, in 1[45] min, then oncall\n/,
    )
    expect((await answered(["ack", "day/k1", "--why", "x"], [])).out).not.toContain("is told at")
  })

  it("proposes the small step first: who only says yes gets that", async () => {
    await latched()
    const { code, out } = await answered(["ack", "day/k1"], ["", "the loop is stopped", "y"])
    expect(code).toBe(0)
    expect(out).toContain("1  $1 more, then it asks again (proposed)")
    expect(out).toContain("2  $10 more, a whole level: up to $20")
    expect(out).toContain("As ann: closes the circuit; the cap moves from $10 to $11")
    expect(await remaining()).toBe("1000000000")
  })

  it("takes a whole level, or an amount, where that is chosen", async () => {
    await latched()
    await answered(["ack", "day/k1", "--why", "x"], ["2.50", "yes"])
    expect(await remaining()).toBe("2500000000")
    await onHost((host) => spend(host, "k1", 2.5))
    await answered(["ack", "day/k1", "--why", "x"], ["2", "y"])
    expect(await remaining()).toBe("7500000000")
  })

  it("does nothing where nobody says yes", async () => {
    await latched()
    for (const answer of ["", "n", "maybe"]) {
      const { code, out } = await answered(["ack", "day/k1", "--why", "x"], ["1", answer])
      expect(code).toBe(1)
      expect(out).toContain("nothing was done")
    }
    const audit = await run(["audit", "--json", "--store", `file:${path}`])
    expect(JSON.parse(audit.out).items).toEqual([])
  })

  it("shows what it is about before it asks, on a phone too", async () => {
    await latched()
    const { out } = await answered(["ack", "day/k1", "--whole", "--why", "x"], ["n"])
    expect(out).toContain("circuit latched, generation 1")
    expect(out).toContain("until   a person acknowledges")
    expect(out).toContain("spent   $10 of $10")
    expect(out).toContain("cap     $10, reached")
    expect(out).toMatch(/latched {2}day stopped k1 until a person acknowledges/)
  })
})

describe("what a flag cannot be", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["accounts", "--limit", "0"], "`--limit 0` is not a whole number from 1 to 10000"],
    [["accounts", "--every", "soon"], "write e.g. 15m, 2h or 1h30m"],
    [["events", "--after", "é"], "`--after` is not what `next` of a page said"],
    [["ack", "day/k1", "--allow", "-1", "--yes"], "is not an amount of dollars"],
    [["ack", "day/k1", "--allow", "1e3", "--yes"], "write e.g. 5 or 0.25"],
    [["ack", "day/k1", "--allow", "9000001", "--yes"], "up to 9,000,000"],
    [["ack", "roll/k1", "--allow", "1.5", "--yes"], "is not a whole number of tokens"],
    [["ack", "day/k1", "--allow", "1", "--whole"], "are two ways; give one"],
    [["ack", "day/k1", "--generation", "x", "--whole"], "give what the account showed"],
    [["ack", "day/k1", "--whole", "--yes"], "no reason is given"],
    [["ack", "day/k1", "--whole", "--why", "x", "--by", " ", "--yes"], "nobody is named"],
    [["ack", "day/k1", "--whole", "--why", "x"], "nobody is at a terminal"],
    [
      ["trip", "day/k1", "--for", "0s", "--why", "x", "--yes"],
      "`--for 0s` is not a length of time",
    ],
    [["switch", "k1", "off", "--why", "x", "--yes"], "write DIMENSION=VALUE"],
    [["switch", "platform=k1", "off", "--why", "x", "--yes"], "write platform=all"],
    [
      ["switch", "apiKey=k1", "on", "--for", "1h", "--why", "x", "--yes"],
      "leave them out for `on`",
    ],
    [
      ["switch", "apiKey=k1", "off", "--until", "2026-01-01", "--why", "x", "--yes"],
      "no instant to come",
    ],
    [["dead-letters", "resend"], "give ids as `spendfuse dead-letters` shows them, or `--all`"],
    [["dispatch", "--once"], "who hears the channels?"],
    [
      ["dispatch", "--notifier", "a=console", "--notifier", "a=console"],
      "channel `a` has two notifiers",
    ],
  ]
  it.each(cases)("%j", async (args, why) => {
    await latched()
    const { code, err } = await run([...args, "--store", `file:${path}`])
    expect(err).toContain(why)
    expect(err.trimEnd()).not.toContain("\n")
    expect(code).toBe(2)
  })

  it("quotes no secret that was written where a variable's name belongs", async () => {
    await latched()
    const secret = "https://hooks.slack.com/services/c4nary"
    const store = ["--store", `file:${path}`]
    const flag = await run(["dispatch", "--once", "--notifier", `chat=slack:${secret}`, ...store])
    expect(flag).toMatchObject({ code: 2, out: "" })
    expect(flag.err).not.toContain("c4nary")
    const file = JSON.stringify({
      notifiers: {
        chat: { kind: "slack", webhookUrlEnv: secret },
        pager: { kind: "x", url: secret },
      },
    })
    const read = await run(["dispatch", "--once", "--notifiers", "n.json", ...store], {
      "n.json": file,
    })
    expect(read).toMatchObject({ code: 2, out: "" })
    expect(read.err).toContain("n.json:1:")
    expect(read.err).not.toContain("c4nary")
  })
})

import type { Store } from "@spendfuse/core"
import { expect } from "vitest"
import { spend, withHost } from "./host.ts"
import { openReceiver } from "./receiver.ts"
import { type Shell, type ShellPlace, shellOn } from "./shell.ts"

/** A store, as a host opens it and as the shell is told of it. */
export interface Place extends ShellPlace {
  readonly open: () => Store
}

const WORD = "c4nary-p4th"
const SECRET = `whsec_${Buffer.from("c4nary-s1gning-secret-of-tests-1").toString("base64")}`

const pagers = ["--notifier", "pager=webhook:PAGER_URL,PAGER_SECRET", "--notifier", "chat=console"]

/** An incident at night, from the page to the calls that pass again, by commands alone. */
export const playNight = async ({ open, env, secrets, ...more }: Place): Promise<void> => {
  await using pager = await openReceiver(WORD)
  const shell = shellOn({
    ...more,
    env: { ...env, PAGER_URL: pager.url, PAGER_SECRET: SECRET },
    secrets: [...secrets, WORD, SECRET],
  })
  await withHost(open(), async (host) => {
    expect(await spend(host, "agent 7", 9)).toBe(true)
    expect(await spend(host, "agent 7", 1)).toBe(true)
    expect(await spend(host, "agent 7", 0.01)).toBe("latched")
    expect(await spend(host, "agent-8", 1)).toBe(true)
  })
  await isPaged(shell, pager)
  const account = await isFound(shell)
  await goesOn(shell, account)
  await withHost(open(), async (host) => {
    expect(await spend(host, "agent 7", 0.5)).toBe(true)
    expect(await spend(host, "agent 7", 0.01)).toBe("latched")
  })
  await isNotDoneAgain(shell)
  await isStopped(shell, open)
  await isResolved(shell, pager)
  const audit = await shell.json("audit")
  expect(audit.json.items.map(({ verb, by, why }: Said) => `${by} ${verb}: ${why}`)).toEqual([
    "ann acknowledge: the loop is stopped",
    "bob switch: the key leaked",
    "ann switch: it is over",
    "ann trip: odd prompts",
    "ann acknowledge: the batch must end",
  ])
}

interface Said {
  readonly verb: string
  readonly by: string
  readonly why: string
}

/** The pager's far side is gone first: the page is a dead letter, said on the next channel, and sent again. */
const isPaged = async (shell: Shell, pager: { status: number; heard: string[] }): Promise<void> => {
  pager.status = 404
  const failed = await shell.run("dispatch", ...pagers, "--once")
  expect(failed.code).toBe(1)
  expect(failed.out).toContain("[chat]")
  expect(failed.out).toContain("undelivered")
  const { json } = await shell.json("dead-letters")
  expect(json.items.map(({ channel }: { channel: string }) => channel)).toEqual(["pager", "pager"])
  expect(json.items[0].event.kind).toBe("tier")
  const table = await shell.run("dead-letters")
  expect(table.out).toContain("status 404")
  pager.status = 200
  const id = idShown(json.items[0].id)
  expect((await shell.json("dead-letters", "resend", id)).json).toEqual({ resent: 1, unknown: [] })
  const again = await shell.run("dead-letters", "resend", id)
  expect(again).toMatchObject({ code: 1, out: "0 sent again; they are due now\n" })
  expect(again.err).toContain("no dead letter")
  expect((await shell.run("dead-letters", "resend", "--all")).code).toBe(2)
  expect((await shell.json("dead-letters", "resend", "--all", "--yes")).json.resent).toBe(1)
  expect((await shell.run("dispatch", ...pagers, "--once")).code).toBe(0)
  expect(pager.heard).toEqual(["tier", "latched"])
  expect((await shell.json("dead-letters")).json.items).toEqual([])
}

const idShown = (id: string): string => id.replaceAll(" ", "%20")

/** @returns the account as the table names it */
const isFound = async (shell: Shell): Promise<string> => {
  const { json } = await shell.json("accounts", "--state", "stopped")
  expect(json.accounts).toMatchObject([
    {
      key: "day/agent 7",
      circuit: "latched",
      settled: "10000000000",
      remaining: "0",
      toCapMs: null,
    },
  ])
  expect(json.looked).toBe(4)
  const table = await shell.run("accounts", "--budget", "day")
  expect(table.out).toMatch(/day\/agent%207 +│ latched/)
  expect(table.out).not.toContain("roll/")
  const text = await shell.json("accounts", "--text", "AGENT-8", "--sort", "key")
  expect(text.json.accounts.map(({ key }: { key: string }) => key)).toEqual([
    "day/agent-8",
    "roll/agent-8",
  ])
  const events = await shell.json("events", "--account", "day/agent%207", "--kind", "circuit")
  expect(events.json.items).toMatchObject([{ state: "latched", account: "day/agent 7" }])
  const after = await shell.json("events", "--after", events.json.next)
  expect(after.json.items).toEqual([])
  const strange = await shell.run("ack", "day/agnt 7", "--yes", "--why", "x", "--whole")
  expect(strange).toMatchObject({ code: 2, out: "" })
  expect(strange.err).toContain("the nearest are `day/agent%207`")
  return "day/agent%207"
}

/** The small step is proposed before the whole level; the same command twice does one thing. */
const goesOn = async (shell: Shell, account: string): Promise<void> => {
  const why = ["--why", "the loop is stopped"]
  const asked = await shell.run("ack", account, ...why, "--yes")
  expect(asked.code).toBe(2)
  expect(asked.err).toMatch(/--allow 1`.*--whole/)
  expect((await shell.run("ack", account, ...why, "--allow", "0.5")).err).toContain("--yes")
  const step = ["ack", account, ...why, "--allow", "0.5", "--id", "incident-1", "--yes"]
  const done = await shell.json(...step)
  expect(done.code).toBe(0)
  expect(done.json).toMatchObject({
    account: "day/agent 7",
    by: "ann",
    id: "incident-1",
    before: { circuit: "latched" },
    asked: { generation: 1, upTo: "10000000000", allow: "500000000" },
    outcome: { kind: "acknowledged" },
    after: { circuit: "closed", remaining: "500000000" },
  })
  const twice = await shell.json(...step)
  expect(twice.code).toBe(0)
  expect(twice.json.outcome).toEqual({ kind: "acknowledged", replayed: true })
  expect(twice.json.after.remaining).toBe("500000000")
}

/** The id of a command that was done does nothing on the next opening either, nor under another verb. */
const isNotDoneAgain = async (shell: Shell): Promise<void> => {
  const again = ["--why", "x", "--id", "incident-1", "--yes"]
  const old = await shell.json("ack", "day/agent 7", "--allow", "0.5", ...again)
  expect(old.code).toBe(0)
  expect(old.json.outcome).toEqual({ kind: "acknowledged", replayed: true })
  expect(old.json.after).toMatchObject({ circuit: "latched", generation: 2 })
  const other = await shell.run("trip", "day/agent 7", ...again)
  expect(other.code).toBe(2)
  expect(other.err).toMatch(/`incident-1` was used for another command \(ann: acknowledge/)
}

/** By hand: a switch, a trip, and what is left of both. */
const isStopped = async (shell: Shell, open: Place["open"]): Promise<void> => {
  const stale = await shell.json(
    "ack",
    "day/agent 7",
    "--whole",
    "--generation",
    "1",
    "--why",
    "x",
    "--yes",
  )
  expect(stale.code).toBe(1)
  expect(stale.json).toMatchObject({
    id: null,
    outcome: { kind: "later-generation", generation: 2 },
  })
  const off = ["switch", "apiKey=agent-8", "off", "--why", "the key leaked", "--by", "bob", "--yes"]
  expect((await shell.json(...off, "--for", "2h")).json).toMatchObject({
    switch: "apiKey=agent-8",
    by: "bob",
    outcome: { kind: "switched" },
  })
  await withHost(open(), async (host) =>
    expect(await spend(host, "agent-8", 0.01)).toBe("switched-off"),
  )
  const on = await shell.run("switch", "apiKey=agent-8", "on", "--why", "it is over", "--yes")
  expect(on).toMatchObject({ code: 0, err: "" })
  await withHost(open(), async (host) => expect(await spend(host, "agent-8", 0.01)).toBe(true))
  const tripped = await shell.json(
    "trip",
    "day/agent-8",
    "--for",
    "15m",
    "--why",
    "odd prompts",
    "--yes",
  )
  expect(tripped.json.after.circuit).toBe("open")
  await withHost(open(), async (host) => expect(await spend(host, "agent-8", 0.01)).toBe("open"))
}

const isResolved = async (shell: Shell, pager: { heard: string[] }): Promise<void> => {
  const whole = await shell.run(
    "ack",
    "day/agent 7",
    "--whole",
    "--why",
    "the batch must end",
    "--yes",
  )
  expect(whole.code).toBe(0)
  expect(whole.out).toContain("the cap moves from $10.50 to $20")
  expect((await shell.run("dispatch", ...pagers, "--once")).code).toBe(0)
  expect(pager.heard.slice(2)).toEqual(["closed", "tier", "latched", "closed"])
  const { code, out } = await shell.run("ack", "day/agent 7", "--whole", "--why", "x", "--yes")
  expect(code).toBe(0)
  expect(out).toContain("nothing to acknowledge")
  expect(out).toContain("ann: acknowledge")
}

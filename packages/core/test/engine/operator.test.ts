import { describe, expect, it } from "vitest"
import type { AccountOf, ByWhom } from "../../src/index.ts"
import { capped, far, k1 } from "./support.ts"

const ada = { by: "ada", why: "leaked" }
const account = { budget: "key", subject: k1 }
const bad = (error: string) => ({ _tag: "RequestFailed", error })

describe("an operator's command that changes nothing", () => {
  it("rejects, as a request does, where it is at fault", async () => {
    const { spendfuse, inner } = far()
    const { operator } = spendfuse
    const nobody = { by: "", why: "leaked" }
    await expect(operator.trip(account, { ...nobody, coolDownMs: 1 })).rejects.toMatchObject({
      ...bad("invalid-command"),
      detail: expect.stringContaining("by"),
    })
    await expect(operator.trip(account, { ...ada, coolDownMs: -1 })).rejects.toMatchObject(
      bad("invalid-command"),
    )
    await expect(operator.adjust(account, { ...ada, amount: 0.5 })).rejects.toMatchObject(
      bad("invalid-command"),
    )
    await operator.adjust(account, { ...ada, amount: 5, id: "refund" })
    await expect(
      operator.adjust(account, { ...ada, amount: 6, id: "refund" }),
    ).rejects.toMatchObject(bad("conflict"))
    expect((await inner.audit({ limit: 10 })).items).toHaveLength(1)
  })

  it("answers what is no fault as a value", async () => {
    const { spendfuse, admitted } = far()
    await (await admitted(1)).settle({ amounts: { usd: 1 } })
    expect(await spendfuse.operator.acknowledge(account, ada)).toEqual({
      kind: "nothing-to-acknowledge",
    })
  })

  it("is a typed fault, whatever it is given", async () => {
    const { spendfuse } = far()
    const odd = [
      null,
      undefined,
      7,
      "k1",
      [],
      {},
      { apiKey: 7 },
      { apiKey: null },
      { platform: "x" },
    ]
    for (const subject of odd) {
      const asked = { budget: "key", subject } as unknown as AccountOf
      const typed = expect.objectContaining({ _tag: "RequestFailed" })
      await expect(spendfuse.account(asked)).rejects.toEqual(typed)
      await expect(spendfuse.remaining(subject as AccountOf["subject"])).rejects.toEqual(typed)
      await expect(spendfuse.operator.acknowledge(asked, ada)).rejects.toEqual(typed)
      await expect(spendfuse.operator.adjust(asked, { ...ada, amount: 1 })).rejects.toEqual(typed)
      expect(() => spendfuse.operator.lineOf(asked)).toThrow(
        expect.objectContaining({ _tag: "RequestFailed" }),
      )
    }
    for (const asked of [null, undefined, 7, {}] as unknown as AccountOf[])
      await expect(spendfuse.account(asked)).rejects.toMatchObject(bad("invalid-command"))
    const nobody = null as unknown as ByWhom
    await expect(spendfuse.operator.acknowledge(account, nobody)).rejects.toMatchObject(
      bad("invalid-command"),
    )
  })
})

describe("a switch", () => {
  const off = { ...ada, state: "off" } as const

  it("of a dimension that nobody knows holds, and is told with those that are known", async () => {
    const matched = { ...capped[0], id: "paid", match: { subject: { plan: ["paid"] } } }
    const { spendfuse, notices, reserve } = far(
      { budgets: [...capped, matched as (typeof capped)[number]], partitionBy: "org" },
      { authenticated: ["user", "apiKey"] },
    )
    const { operator } = spendfuse
    for (const dimension of ["apiKey", "org", "plan", "user"])
      await operator.switch({ dimension, value: "v" }, off)
    await operator.switch({ dimension: "platform", value: "all" }, { ...off, state: "on" })
    expect(notices).toEqual([])
    await operator.switch({ dimension: "apikey", value: "k1" }, off)
    expect(notices).toEqual([
      {
        kind: "warning",
        message:
          "the policy knows no dimension `apikey`: the switch holds only for requests that name it; known are `platform`, `apiKey`, `plan`, `org`, `user`",
      },
    ])
    expect(await reserve(1)).toMatchObject({ allowed: true })
    const named = { subject: { ...k1, apikey: "k1" }, amounts: { usd: 1 } }
    expect(await spendfuse.reserve(named)).toMatchObject({ reason: "switched-off" })
  })

  it("that could never hold is a fault", async () => {
    const { spendfuse } = far()
    const odd = [null, {}, { dimension: "apiKey" }, { dimension: "platform", value: "everything" }]
    for (const subject of odd as { dimension: string; value: string }[])
      await expect(spendfuse.operator.switch(subject, off)).rejects.toMatchObject(
        bad("invalid-command"),
      )
  })
})

describe("after close", () => {
  it("everything rejects, and says so", async () => {
    const { spendfuse } = far()
    await spendfuse.close()
    const { operator } = spendfuse
    const calls: readonly (() => Promise<unknown>)[] = [
      () => spendfuse.reserve({ subject: k1, amounts: { usd: 1 } }),
      () => spendfuse.remaining(k1),
      () => spendfuse.account(account),
      () => spendfuse.flush(),
      () => operator.acknowledge(account, ada),
      () => operator.trip(account, { ...ada, coolDownMs: 1 }),
      () => operator.switch({ dimension: "apiKey", value: "k1" }, { ...ada, state: "off" }),
      () => operator.adjust(account, { ...ada, amount: 1 }),
      () => operator.expire(),
    ]
    for (const call of calls)
      await expect(call()).rejects.toMatchObject({ _tag: "SpendfuseClosed" })
  })
})

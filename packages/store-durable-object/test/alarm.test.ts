import { describe, expect, it } from "vitest"
import { Alarm } from "../src/alarm.ts"

/** A storage that says each alarm that it was set to. */
const storageOf = (atMs: number | null) => {
  const set: number[] = []
  let kept = atMs
  const storage = {
    getAlarm: async () => kept,
    setAlarm: async (nextMs: number) => {
      kept = nextMs
      set.push(nextMs)
    },
  }
  return { storage, set }
}

describe("an object's alarm", () => {
  it("is set to the soonest that is wanted, by calls at once too", async () => {
    const { storage, set } = storageOf(null)
    const alarm = new Alarm(storage)
    await alarm.arm()
    alarm.want(300)
    const first = alarm.arm()
    alarm.want(200)
    await Promise.all([first, alarm.arm()])
    alarm.want(250)
    await alarm.arm()
    alarm.want(100)
    await alarm.arm()
    expect(set).toEqual([200, 100])
  })

  it("stays where it was set before the object began", async () => {
    const { storage, set } = storageOf(100)
    const alarm = new Alarm(storage)
    alarm.want(200)
    await alarm.arm()
    expect(set).toEqual([])
  })

  it("may be set later once it has rung", async () => {
    const { storage, set } = storageOf(100)
    const alarm = new Alarm(storage)
    alarm.rang()
    alarm.want(200)
    await alarm.arm()
    expect(set).toEqual([200])
  })
})

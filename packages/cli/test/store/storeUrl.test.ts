import { describe, expect, it } from "vitest"
import { parseStoreUrl } from "../../src/store/storeUrl.ts"
import { run } from "../fakeIo.ts"

const CANARY = "c4nary-w0rd"

describe("the URL of a store", () => {
  it("names a journal", () => {
    expect(parseStoreUrl("file:a/b.journal")).toEqual({ kind: "memory", path: "a/b.journal" })
    expect(parseStoreUrl("memory:/a")).toEqual({ kind: "memory", path: "/a" })
    expect(parseStoreUrl("file:///a")).toEqual({ kind: "memory", path: "/a" })
  })

  it("names one server", () => {
    for (const url of ["redis://h", "rediss://u:p%40@h:1/2"])
      expect(parseStoreUrl(url)).toEqual({ kind: "redis", url })
    for (const url of ["postgres://u:p@h/d?sslmode=require", "postgresql://h/d"])
      expect(parseStoreUrl(url)).toEqual({ kind: "postgres", url })
  })

  it("names Sentinels and the master that they watch", () => {
    expect(parseStoreUrl("redis-sentinel://u:p%40@a,b:7,[::1]:8#main")).toEqual({
      kind: "redis-sentinel",
      tls: false,
      username: "u",
      password: "p@",
      name: "main",
      sentinels: [
        { host: "a", port: 26_379 },
        { host: "b", port: 7 },
        { host: "::1", port: 8 },
      ],
    })
  })

  it("names some nodes of a Cluster", () => {
    expect(parseStoreUrl("rediss-cluster://:w@a:1,b/")).toEqual({
      kind: "redis-cluster",
      tls: true,
      password: "w",
      cluster: [
        { host: "a", port: 1 },
        { host: "b", port: 6_379 },
      ],
    })
  })

  it.each([
    ["file:", "without a journal"],
    [`mysql://u:${CANARY}@h`, "no scheme that is known"],
    [`${CANARY}@h`, "no scheme that is known"],
    [`redis:u:${CANARY}@h`, "is none"],
    [`redis://u:${CANARY}@h:port`, "is none"],
    [`redis://u:${CANARY}%zz@h`, "is none"],
    [`postgres://u:${CANARY}%@h/d`, "is none"],
    [`redis-sentinel://u:${CANARY}@h`, "name of the master"],
    [`redis-sentinel://u:${CANARY}%zz@h#m`, "not percent-encoded"],
    [`redis-cluster://u:${CANARY}@h:99999`, "is none"],
    [`redis-cluster://u:${CANARY}@h,,i`, "is none"],
    [`redis-cluster://u:${CANARY}@h#m`, "is none"],
  ])("says what is wrong with %s, and not the password", async (url, words) => {
    for (const env of [false, true]) {
      if (env) process.env.SPENDFUSE_STORE_URL = url
      const { code, out, err } = await run(["doctor", ...(env ? [] : ["--store", url])])
      delete process.env.SPENDFUSE_STORE_URL
      expect({ code, out }).toEqual({ code: 2, out: "" })
      expect(err).toContain(words)
      expect(err).not.toContain(CANARY)
    }
  })

  it("is asked for", async () => {
    expect((await run(["doctor"])).err).toContain("SPENDFUSE_STORE_URL")
    expect((await run(["doctor", "--store", "file:x", "--prefix", "p"])).err).toContain("for Redis")
    expect((await run(["doctor", "--store", "redis://h", "--schema", "s"])).err).toContain(
      "Postgres",
    )
  })

  it.each(["redis", "rediss", "postgres", "redis-cluster"])(
    "says that a server of %s does not answer, and not the password",
    async (scheme) => {
      const url = `${scheme}://user:${CANARY}@127.0.0.1:1`
      const { code, out, err } = await run(["doctor", "--store", url])
      expect({ code, out }).toEqual({ code: 2, out: "" })
      expect(err).toContain("did not answer")
      expect(err).not.toContain(CANARY)
    },
  )
})

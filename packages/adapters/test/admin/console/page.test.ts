import { describe, expect, it } from "vitest"
import { ANN, expectSafe, ORIGIN, openWorld, type World } from "../harness.ts"

const get = (world: World, path = "console", init: RequestInit = {}): Promise<Response> =>
  world.api(new Request(`${ORIGIN}/admin/${path}`, init))

const sourceOf = async (text: string): Promise<string> => {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(hash)))}'`
}

describe("the console's page", () => {
  it("is the same for everybody, and holds no data and no credential", async () => {
    await using world = openWorld({ console: true })
    await world.spend({ apiKey: "canary-subject" }, 1)
    const nobody = await get(world)
    expect(nobody.status).toBe(200)
    expectSafe(nobody)
    const html = await nobody.text()
    expect(html).not.toMatch(/canary-subject|day\/|apiKey/)
    const authorization = `Bearer ${ANN}`
    const anns = await (await get(world, "console", { headers: { authorization } })).text()
    expect(anns).not.toContain(ANN)
    expect(anns.replace('data-signed-in="true"', 'data-signed-in="false"')).toBe(html)
    expect(await (await get(world, "console", { method: "HEAD" })).text()).toBe("")
  })

  it("names its one script and its one style by their hashes, and permits nothing else", async () => {
    await using world = openWorld({ console: true })
    const response = await get(world)
    const html = await response.text()
    const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(html) ?? []
    const [, script = ""] = /<script>([\s\S]*?)<\/script>/.exec(html) ?? []
    expect(response.headers.get("content-security-policy")?.split("; ")).toEqual([
      "default-src 'none'",
      `script-src ${await sourceOf(script)}`,
      `style-src ${await sourceOf(style)}`,
      "connect-src 'self'",
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
    ])
    expect(response.headers.get("x-frame-options")).toBe("DENY")
    expect(html.replace(script, "").replace(style, "")).not.toMatch(
      /\son\w+=|style=|src=|href=|https?:/,
    )
    expect(script).toContain("Permission is hereby granted")
  })

  it("is there only where the host says so, and only to be read", async () => {
    await using without = openWorld()
    expect((await get(without)).status).toBe(401)
    await using world = openWorld({ console: true })
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
      expect((await get(world, "console", { method })).status).toBe(401)
    for (const path of ["console/", "Console", "console.html", "console/x", ""])
      expect([path, (await get(world, path)).status]).toEqual([path, 401])
  })

  it("comes after a sign-in of the host's own, and asks for no token then", async () => {
    const away = new Response(null, { status: 302, headers: { location: "/sign-in" } })
    await using outside = openWorld({ console: true, auth: () => away })
    expect((await get(outside)).status).toBe(302)
    await using inside = openWorld({ console: true, auth: () => ({ by: "ann" }) })
    expect(await (await get(inside)).text()).toContain('data-signed-in="true"')
    await using odd = openWorld({ console: true, auth: (() => ({ by: "" })) as never })
    expect(await (await get(odd)).text()).toContain('data-signed-in="false"')
    const failing = () => Promise.reject(new Error("canary"))
    await using broken = openWorld({ console: true, auth: failing })
    const failed = await get(broken)
    expect([failed.status, (await failed.text()).includes("canary")]).toEqual([500, false])
  })

  it("counts as no failure to sign in, however often it is loaded", async () => {
    await using world = openWorld({ console: true, clientOf: () => "one" })
    for (let n = 0; n < 50; n += 1) expect((await get(world)).status).toBe(200)
    expect((await world.call("GET", "health")).status).toBe(200)
  })
})

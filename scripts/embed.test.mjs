import { expect, it } from "vitest"
import { scriptsOf } from "./embed.mjs"

const file = (name, text) => ({ file: `${name}.lua`, name, text })

it("puts each part in its place, once, and offers only what no other file includes", () => {
  const scripts = scriptsOf([
    file("leaf", "local leaf = 1\n"),
    file("step", "-- include: twig.lua\n-- include: leaf.lua\nreturn leaf\n"),
    file("twig", "-- include: leaf.lua\nlocal twig = '\\n$`'\n"),
  ])
  expect(scripts).toEqual([
    { name: "step", text: "local leaf = 1\nlocal twig = '\\n$`'\n\nreturn leaf\n" },
  ])
})

it("says which part is missing, and that a circle has no script", () => {
  expect(() => scriptsOf([file("step", "-- include: gone.lua\n")])).toThrow("`gone.lua`")
  const circle = [file("a", "-- include: b.lua\n"), file("b", "-- include: a.lua\n")]
  expect(() => scriptsOf(circle)).toThrow("include each other")
})

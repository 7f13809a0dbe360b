import { serve } from "@hono/node-server"
import { Hono } from "hono"
import { proxy } from "hono/proxy"

/** A bare proxy, as Hono's guide writes it: the same calls go on with another key, and nothing looks at them. */
const [upstream = ""] = process.argv.slice(2)
const app = new Hono()
app.all("*", (c) => {
  const url = new URL(c.req.url)
  return proxy(`${upstream}${url.pathname}${url.search}`, {
    ...c.req,
    headers: { ...c.req.header(), host: undefined, authorization: "Bearer sk-upstream" },
  })
})
serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
  console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` }))
})

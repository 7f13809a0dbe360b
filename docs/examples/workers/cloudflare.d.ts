/** What `wrangler types` writes, as far as the example uses it. */
declare module "cloudflare:workers" {
  export const waitUntil: (promise: Promise<unknown>) => void
}

/** What the runtime itself brings, as far as a Worker of these tests uses it. */
declare module "cloudflare:workers" {
  export const waitUntil: (promise: Promise<unknown>) => void
}

/** The rooms: who may import whom, on resolved paths; an import of a type counts. What `may` does not name is forbidden. */

/** An npm package, wherever it lies; subpaths narrow it. */
const npm = (name, subpaths = "") => `(^|/)node_modules/${name}/${subpaths}`
const EFFECT = npm("effect")
const PRICE_LIBRARY = npm("@pydantic/genai-prices")
const core = (...rooms) => `^packages/core/src/(${rooms.join("|")})(/|\\.ts$)`

/** Names of Node's own modules carry no path; which store may use them is another rule's matter. */
const BUILT_IN_NAME = "^(node:)?[a-z_]+(/promises)?$"

/** [room, its files, what they may import besides each other, what a newcomer should know] */
const rooms = [
  ["core-domain", core("domain/.+"), [], "the domain is pure: it imports itself and nothing else"],
  ["core-wire", core("wire/.+"), [core("domain")], "the wire knows data, not engines"],
  [
    "core-ports",
    core("ports/.+"),
    [core("domain")],
    "a port is plain: whoever fills it needs no Effect",
  ],
  [
    "core-edge",
    core("edge/.+"),
    [core("domain"), npm("effect", "dist/(Result|Schema|SchemaIssue)\\.")],
    "the edge decodes what comes from outside; it starts nothing",
  ],
  [
    "core-prices",
    core("prices/.+"),
    [core("domain", "ports"), "^packages/core/src/edge/problem\\.ts$", PRICE_LIBRARY],
    "prices stay an entry of their own; overrides tell their problems as a policy does",
  ],
  [
    "core-engine",
    core("engine/.+"),
    [core("domain", "ports"), EFFECT],
    "the engine is handed the rest",
  ],
  [
    "core-host",
    core("host/.+"),
    [core("engine", "edge", "prices", "ports", "domain"), EFFECT],
    "the host ties the rooms together; the wire belongs to stores, testing to tests",
  ],
  [
    "core-anomaly",
    core("anomaly/.+"),
    [core("domain", "ports", "engine", "host")],
    "the anomaly guard stands beside the decision: nothing that decides knows it",
  ],
  [
    "core-lab",
    core("lab/.+"),
    [core("domain", "ports", "engine", "edge")],
    "the lab runs policies in virtual time: no store, no clock, no test runner",
  ],
  [
    "core-testing",
    core("testing/.+"),
    [core("domain", "ports", "wire", "edge", "engine", "lab"), EFFECT, npm("fast-check")],
    "what proves a store or a policy runs under any test runner, or none",
  ],
  [
    "core-entries",
    "^packages/core/src/[^/]+\\.ts$",
    ["^packages/core/src/"],
    "an entry re-exports",
  ],
  [
    "stores",
    "^packages/(store-(?!durable-object)[^/]+)/src/",
    [
      core("domain", "ports", "wire").replace("(/|\\.ts$)", "\\.ts$"),
      EFFECT,
      BUILT_IN_NAME,
      npm("(ioredis|pg)"),
    ],
    "a store knows the step, the port and the wire; not the engine, not another store",
  ],
  [
    "store-in-an-object",
    "^packages/store-durable-object/src/",
    [
      core("domain", "ports", "wire").replace("(/|\\.ts$)", "\\.ts$"),
      "^packages/store-memory/src/index\\.ts$",
    ],
    "in an object the memory store keeps its journal in the object's tables; nothing else is added to it",
  ],
  [
    "adapters",
    "^packages/adapters/src/",
    [
      "^packages/core/src/(index|ports)\\.ts$",
      EFFECT,
      npm("(express|fastify|hono|openai|@anthropic-ai|@opentelemetry|ai)"),
      "^(node:)?async_hooks$",
    ],
    "an adapter sees the public core, no store",
  ],
]

const forbidden = rooms.map(([name, path, may, comment]) => ({
  name,
  comment,
  severity: "error",
  from: { path },
  to: { pathNot: [ownRoom(path), ...may] },
}))

function ownRoom(path) {
  return path.startsWith("^packages/(") ? "^packages/$1/src/" : path
}

/** A rule that holds inside a room or across rooms, whatever the table above permits. */
const never = (name, from, to, comment) => ({ name, comment, severity: "error", from, to })
const BUILT_IN = { dependencyTypes: ["core"] }
const ASYNC_CONTEXT = "^packages/adapters/src/session/context\\.ts$"
const JOURNAL = "^packages/store-memory/src/journal(/|\\.ts$)"

module.exports = {
  forbidden: [
    ...forbidden,
    never("no-circular", {}, { circular: true }, "a circle has no reading order"),
    never(
      "no-node-in-portable-packages",
      {
        path: "^packages/(core|store-memory|store-durable-object|adapters)/src/",
        pathNot: [JOURNAL, ASYNC_CONTEXT],
      },
      BUILT_IN,
      "core, the portable stores and adapters run on web standards; only the journal writes files, and sessions ask for the async context",
    ),
    never(
      "price-library-in-one-room",
      { path: "^packages/[^/]+/src/", pathNot: core("prices") },
      { path: PRICE_LIBRARY },
      "everyone else asks the Prices port",
    ),
    never(
      "no-effect-on-the-hot-path",
      { path: "^packages/core/src/engine/(engine|refusals)\\.ts$" },
      { path: EFFECT },
      "an Effect per call costs several times a plain await",
    ),
    never(
      "effect-in-adapters",
      { path: "^packages/adapters/src/", pathNot: "^packages/adapters/src/(notify/|otel|admin)" },
      { path: EFFECT },
      "bytes and requests pass without Effect; notifiers, traces and the admin API may use it",
    ),
    never(
      "adapters-stand-alone",
      {
        path: "^packages/adapters/src/([^/.]+)",
        pathNot: "^packages/adapters/src/(http|fetch|notify)/",
      },
      {
        path: "^packages/adapters/src/",
        pathNot: "^packages/adapters/src/($1(/|\\.ts$)|http/|fetch/|notify/)",
      },
      "a sibling adapter is not a library; share through http/, fetch/ or notify/",
    ),
    never(
      "console-in-the-browser",
      { path: "^packages/adapters/console/" },
      {
        pathNot: [
          "^packages/adapters/console/",
          "^packages/adapters/src/admin/views\\.ts$",
          "^packages/adapters/src/notify/words/clean\\.ts$",
          core("domain").replace("(/|\\.ts$)", "\\.ts$"),
          npm("preact"),
        ],
      },
      "the console's page is bundled for a browser: what it takes, everybody downloads",
    ),
    never(
      "shared-rooms-of-adapters",
      { path: "^packages/adapters/src/(http|fetch)/" },
      { path: "^packages/adapters/src/", pathNot: "^packages/adapters/src/(http|fetch)/" },
      "what adapters share knows none of them",
    ),
    never(
      "notifiers-stand-alone",
      { path: "^packages/adapters/src/notify/" },
      { path: "^packages/adapters/src/", pathNot: "^packages/adapters/src/notify/" },
      "a notifier knows no host and no SDK",
    ),
    never(
      "one-folder-per-notifier",
      { path: "^packages/adapters/src/notify/([^/.]+)/" },
      {
        path: "^packages/adapters/src/notify/[^/.]+/",
        pathNot: "^packages/adapters/src/notify/($1|words)/",
      },
      "notifiers share words, not each other's forms",
    ),
    never(
      "one-file-per-driver",
      { path: "^packages/store-[^/]+/src/", pathNot: "/client\\.ts$" },
      { path: npm("(ioredis|pg)") },
      "only client.ts names a driver",
    ),
    never(
      "entries-only-across-packages",
      { path: "^packages/([^/]+)/src/" },
      { path: "^packages/[^/]+/src/[^/]+/", pathNot: "^packages/$1/" },
      "another package is its exports",
    ),
    never(
      "nobody-imports-tests",
      { path: "^packages/[^/]+/src/" },
      { path: "(/test/|\\.test\\.ts$|(^|/)node_modules/(vitest|@vitest)/)|^node:test$" },
      "what is published knows no test and no runner",
    ),
    never(
      "only-declared-dependencies",
      { path: "^packages/[^/]+/src/" },
      {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["npm", "npm-peer"],
      },
      "what is published installs only what its manifest declares",
    ),
    never(
      "resolves",
      { path: "^(packages|bench)/" },
      { couldNotResolve: true, pathNot: "^(\\.\\./dist/|cloudflare:)" },
      "an import must lead somewhere",
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^packages/[^/]+/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      conditionNames: ["@spendfuse/source", "import", "default"],
      exportsFields: ["exports"],
    },
  },
}

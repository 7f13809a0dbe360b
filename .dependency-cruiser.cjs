/** The rooms: who may import whom. A rule that a newcomer breaks says why in its comment. */
module.exports = {
  forbidden: [
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    {
      name: "domain-is-pure",
      comment: "the domain imports itself and nothing else",
      severity: "error",
      from: { path: "^packages/core/src/domain/" },
      to: { pathNot: "^packages/core/src/domain/" },
    },
    {
      name: "core-is-the-bottom",
      severity: "error",
      from: { path: "^packages/core/src/" },
      to: { path: "^packages/(?!core/)" },
    },
    {
      name: "stores-do-not-see-each-other",
      severity: "error",
      from: { path: "^packages/store-([^/]+)/src/" },
      to: { path: "^packages/(store-|adapters|cli)", pathNot: "^packages/store-$1/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      conditionNames: ["@spendfuse/source", "import", "default"],
      exportsFields: ["exports"],
    },
  },
}

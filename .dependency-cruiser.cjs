/**
 * Which way imports run (ARCHITECTURE.md, "Layers"): commands → cluster → capabilities → host, contract.
 * Type-only imports count too: a type that points upwards is a dependency as well.
 */
const foundations = "^src/(host|contract|spec|kube)/";
/** What a driver may use. */
const driverFoundations = "^src/(host|contract)/";
const capabilities = ["addons", "provision", "runtimes", "artifacts", "machine", "state", "pipeline"];

/** Who may load a package that costs start-up time or wraps a protocol; everybody else goes through that adapter. */
const adapters = {
  ssh2: "^src/machine/ssh/",
  got: "^src/host/http/",
  hpagent: "^src/host/http/",
  listr2: "^src/output/",
  execa: "^src/host/run-command\\.ts$",
  "@peculiar/x509": "^src/provision/pki/",
  "smol-toml": "^src/runtimes/",
  "@grpc/grpc-js": "^src/runtimes/cri/",
  protobufjs: "^src/runtimes/cri/",
  "@oclif/core": "^src/(cli|commands)/",
};

/** What may be imported by a folder's files, besides their own folder. */
const layer = (name, allowed) => ({
  name: `${name}-imports-downwards`,
  comment: `${name} may import itself and ${allowed.join(", ") || "nothing else"}`,
  severity: "error",
  from: { path: `^src/${name}/` },
  to: { path: "^(src|drivers|test|scripts)/", pathNot: [`^src/${name}/`, ...allowed] },
});

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    {
      name: "nothing-imports-commands",
      severity: "error",
      comment: "Commands are thin: what two of them share belongs into cluster, cli or output",
      from: { path: "^(src|drivers)/", pathNot: "^src/commands/" },
      to: { path: "^src/commands/" },
    },
    {
      name: "drivers-by-registry-only",
      severity: "error",
      comment: "Nothing above the driver contract may know what a machine is made of",
      from: { path: "^src/", pathNot: "^src/machine/driver-(registry|options)\\.ts$" },
      to: { path: "^drivers/" },
    },
    layer("contract", []),
    layer("host", ["^src/contract/"]),
    layer("spec", ["^src/(contract|host)/"]),
    layer("kube", ["^src/(contract|host)/"]),
    ...capabilities.map((name) =>
      layer(name, [
        foundations,
        ...(name === "machine"
          ? ["^drivers/[^/]+/(index|options)\\.ts$", "^src/runtimes/registry\\.ts$"]
          : []),
      ]),
    ),
    layer("output", [foundations, "^src/pipeline/events\\.ts$"]),
    layer("cluster", [foundations, `^src/(${capabilities.join("|")})/`]),
    // The registries tell which names a setting may have.
    layer("cli", [
      foundations,
      "^src/(cluster|output|state|pipeline)/",
      "^src/(addons/addon-names|runtimes/(oci/)?registry|machine/driver-(registry|options))\\.ts$",
    ]),
    layer("commands", [foundations, "^src/(cli|cluster|output|state)/"]),
    {
      name: "drivers-see-contract-and-host",
      comment: "A driver may import contract, host, its own folder and what several share (container, vm)",
      severity: "error",
      from: { path: "^drivers/([^/]+)/" },
      to: {
        path: "^(src|drivers|test|scripts)/",
        pathNot: [driverFoundations, "^drivers/($1|container|vm)/"],
      },
    },
    {
      name: "product-imports-no-tests",
      severity: "error",
      from: { path: "^(src|drivers)/" },
      to: { path: "^test/" },
    },
    {
      name: "no-dev-packages",
      severity: "error",
      comment: "What is installed must run without devDependencies",
      from: { path: "^(src|drivers)/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"], dependencyTypesNot: ["type-only"] },
    },
    {
      name: "everything-resolves",
      severity: "error",
      from: { path: "^(src|drivers|test)/" },
      to: { couldNotResolve: true },
    },
    ...Object.entries(adapters).map(([name, path]) => ({
      name: `${name.replace(/[@/]/g, "")}-in-its-adapter`,
      severity: "error",
      from: { path: "^(src|drivers)/", pathNot: path },
      to: { path: `node_modules/${name}/` },
    })),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "types", "default"],
      extensions: [".ts", ".mjs", ".cjs", ".js", ".json"],
    },
  },
};

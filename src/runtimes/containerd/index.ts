import type { Runtime, RuntimeDefinition, RuntimeProgram } from "../../contract/runtime.ts";
import { daemonUnit } from "../daemon-unit.ts";
import { ociFiles } from "../oci/registry.ts";
import { runc } from "../oci/runc.ts";
import { programVersions } from "../program-versions.ts";
import { configFile, configuration, settings } from "./config.ts";
import { found } from "./found.ts";
import { registryFiles, registryFolder } from "./registries.ts";
import data from "./versions.json" with { type: "json" };

const { versions, digests } = programVersions(data);
const members = ["containerd", "containerd-shim-runc-v2", "ctr"];
const unit = "containerd.service";

const server: RuntimeProgram = {
  name: "containerd",
  version: /^containerd \S+ (\S+)/,
  package: "containerd",
  olderWorks: false,
  versions,
  release: {
    name: "containerd",
    folder: "github.com/containerd/containerd/releases/download/v{version}",
    file: "containerd-static-{version}-linux-{arch}.tar.gz",
    sums: "containerd-static-{version}-linux-{arch}.tar.gz.sha256sum",
    digests,
    unpack: { into: "programs", strip: 1, members },
  },
};

const runtime: Runtime = {
  name: "containerd",
  endpoint: "unix:///run/containerd/containerd.sock",
  units: [{ name: unit, text: daemonUnit(server.name), program: server.name, arguments: () => [] }],
  server: server.name,
  programs: [server, runc],
  images: ["pause"],
  kubelet: {},
  takesHandlers: true,
  files: (input) => [{ path: configFile, mode: 0o644, source: { kind: "text", text: configuration(input) } }],
  registryFiles,
  refusedRegistry: () => undefined,
  settings,
  keepsUsedImages: false,
  imageImport: {
    by: "program",
    argv: ["ctr", "--namespace", "k8s.io", "images", "import", "-"],
    form: "oci",
  },
};

export const containerd: RuntimeDefinition = {
  name: runtime.name,
  aliases: [],
  programs: runtime.programs,
  unitNames: [unit],
  at: (minor) => (versions(minor) ? runtime : undefined),
  found,
  footprint: {
    files: [
      ...members.map((name) => `/usr/local/bin/${name}`),
      `/etc/systemd/system/${unit}`,
      "/usr/local/sbin/runc",
      ...ociFiles,
      configFile,
    ],
    trees: ["/var/lib/containerd", "/opt/containerd"],
    runTrees: ["/run/containerd", "/run/runc/k8s.io"],
    registryFolder,
    sharedFolders: [registryFolder, "/etc/containerd"],
    shims: [{ comm: "containerd-shim", words: "-namespace k8s.io" }],
  },
};

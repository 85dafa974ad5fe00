import type { Runtime, RuntimeDefinition, RuntimeProgram } from "../../contract/runtime.ts";
import { daemonUnit } from "../daemon-unit.ts";
import { limitedProgram } from "../limited-runtime.ts";
import { ociFiles, ociRuntimes } from "../oci/registry.ts";
import { runc } from "../oci/runc.ts";
import { programVersions } from "../program-versions.ts";
import { configurationFiles, dropIn, policyFile, runFolder, settingsOf, socket } from "./config.ts";
import {
  redirectOf,
  registriesFile,
  registryArguments,
  registryFiles,
  registryFolder,
  systemDropIns,
} from "./registries.ts";
import data from "./versions.json" with { type: "json" };

const name = "cri-o";
const { versions, digests } = programVersions(data);
const unit = "crio.service";
/** The bundle contains more files of some of these names. */
const members = ["bin/crio", "bin/pinns", "bin/conmon"];

/** Its minor is Kubernetes'. */
const server: RuntimeProgram = {
  name: "crio",
  version: /^crio version (\S+)/,
  olderWorks: false,
  versions,
  release: {
    name: "crio",
    folder: "storage.googleapis.com/cri-o/artifacts",
    file: "cri-o.{arch}.v{version}.tar.gz",
    digests,
    unpack: { into: "programs", strip: 1, members },
  },
};

/** Where packages of CRI-O have programs that are not for people. */
const searchPath =
  "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/libexec/crio:/usr/libexec/podman";

/** Networks that packages of CRI-O bring; one of them would be taken in place of the cluster's. */
const ownNetworks = [
  ...["10-crio-bridge.conf", "10-crio-bridge.conflist", "11-crio-ipv4-bridge.conflist"],
  ...["100-crio-bridge.conf", "100-crio-bridge.conflist"],
].map((file) => `/etc/cni/net.d/${file}`);

const text = daemonUnit("CRI-O", [
  `Environment=PATH=${searchPath}`,
  // On a host that is given back this was done before, and is undone by `delete`.
  `ExecStartPre=-/bin/sh -c 'for file in ${ownNetworks.join(" ")}; do if [ -e "$$file" ]; then mv -n "$$file" "$$file.before-localkube"; fi; done'`,
  "ExecReload=/bin/kill -s HUP $MAINPID",
]);

const runtimeOf = (minor: number): Runtime => ({
  name,
  endpoint: `unix://${socket}`,
  units: [{ name: unit, text, program: server.name, arguments: () => registryArguments(minor) }],
  server: server.name,
  programs: [server, runc],
  images: ["pause"],
  kubelet: {},
  takesHandlers: true,
  files: configurationFiles,
  registryFiles,
  refusedRegistry: () => undefined,
  settings: settingsOf(minor),
  keepsUsedImages: true,
  imageImport: { by: "pull", redirect: redirectOf(minor, unit) },
});

export const crio: RuntimeDefinition = {
  name,
  aliases: ["crio"],
  programs: [server, runc],
  unitNames: [unit, "crio-wipe.service", "crio-shutdown.service"],
  at: (minor) => (versions(minor) ? runtimeOf(minor) : undefined),
  footprint: {
    files: [
      ...members.map((member) => `/usr/local/${member}`),
      `/etc/systemd/system/${unit}`,
      "/usr/local/sbin/runc",
      ...ociFiles,
      ...["runc", ...ociRuntimes.map((one) => one.name)].map(limitedProgram),
      ...[dropIn, policyFile, registriesFile],
      ...ownNetworks,
    ],
    trees: ["/var/lib/crio", "/var/log/crio"],
    runTrees: [runFolder],
    registryFolder,
    sharedFolders: [
      ...[registryFolder, systemDropIns, "/etc/containers"],
      ...["/etc/crio/crio.conf.d", "/etc/crio/auth", "/etc/crio/policies", "/etc/crio"],
      // It makes these wherever it is told to keep its own; podman has them too.
      ...["/usr/share/containers/oci/hooks.d", "/usr/share/containers/oci", "/usr/share/containers"],
      ...["/var/lib/containers/cache", "/var/lib/containers"],
    ],
    // For ports of the host that pods ask for: chains, since 1.33 tables.
    network: {
      links: [],
      chains: ["KUBE-HOSTPORTS", "KUBE-HP-", "CRIO-"],
      tables: ["ip crio-hostports", "ip6 crio-hostports"],
    },
    shims: [{ comm: "conmon", words: "/var/run/crio/exits" }],
  },
};

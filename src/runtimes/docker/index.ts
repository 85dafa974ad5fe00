import type {
  Runtime,
  RuntimeDefinition,
  RuntimeProgram,
  ServerAsFound,
  ServerSettings,
} from "../../contract/runtime.ts";
import { programVersions } from "../program-versions.ts";
import {
  configurationFiles,
  daemonFile,
  limitedRunc,
  refusedRegistry,
  registryFiles,
  registryFolder,
  settings,
} from "./config.ts";
import criDockerdData from "./cri-dockerd.json" with { type: "json" };
import dockerdData from "./dockerd.json" with { type: "json" };
import { criDockerdUnit, criSocketUnit, dockerUnit } from "./units.ts";

const name = "docker";
const ofDockerd = programVersions(dockerdData);
const ofCriDockerd = programVersions(criDockerdData);

/** The publisher's archive contains everything that docker runs. */
const members = [
  ...["dockerd", "docker", "docker-proxy", "docker-init"],
  ...["containerd", "containerd-shim-runc-v2", "ctr", "runc"],
];

const dockerd: RuntimeProgram = {
  name: "dockerd",
  version: /^Docker version ([^,\s]+)/,
  package: "docker.io",
  olderWorks: false,
  versions: ofDockerd.versions,
  release: {
    name: "dockerd",
    folder: "download.docker.com/linux/static/stable/{machine}",
    file: "docker-{version}.tgz",
    digests: ofDockerd.digests,
    // With the archive's folder in front, because that has the name of one of the programs and would stand for all.
    unpack: { into: "programs", strip: 0, members: members.map((member) => `docker/${member}`) },
  },
};

/** Kubelets up to 1.23 contain the CRI server of docker themselves (dockershim); since then it is a program of its own. */
const criDockerd: RuntimeProgram = {
  name: "cri-dockerd",
  version: /^cri-dockerd (\S+)/,
  olderWorks: false,
  versions: ofCriDockerd.versions,
  release: {
    name: "cri-dockerd",
    folder: "github.com/Mirantis/cri-dockerd/releases/download/v{version}",
    file: "cri-dockerd-{version}.{arch}.tgz",
    digests: ofCriDockerd.digests,
    unpack: { into: "programs", strip: 1, members: ["cri-dockerd"] },
  },
};

const lastWithDockershim = 23;
/** Kubelets that speak WebSocket to the runtime, which cri-dockerd does not (https://github.com/kubernetes-sigs/kubespray/issues/13360). */
const firstWithWebSocket = 36;

const common = {
  name,
  server: dockerd.name,
  images: ["pause"],
  // dockershim refuses any; with cri-dockerd not tried.
  takesHandlers: false,
  files: configurationFiles,
  registryFiles,
  refusedRegistry,
  settings,
  servesDockerApi: true,
  keepsUsedImages: true,
  // Before 25 it reads no other form, and those since read it too.
  imageImport: { by: "program", argv: ["docker", "load"], form: "docker-archive" },
} as const satisfies Partial<Runtime>;

const removePods =
  "docker ps --all --quiet --filter label=io.kubernetes.docker.type | xargs --no-run-if-empty docker rm --force";

const withDockershim: Runtime = {
  ...common,
  endpoint: "unix:///var/run/dockershim.sock",
  units: [dockerUnit],
  programs: [dockerd],
  kubelet: {
    removePods: ["sh", "-c", removePods],
    flags: ({ cniBinDir }) => ({
      "container-runtime": "docker",
      "docker-endpoint": "unix:///run/docker.sock",
      "network-plugin": "cni",
      "cni-conf-dir": "/etc/cni/net.d",
      "cni-bin-dir": cniBinDir,
    }),
  },
};

const withCriDockerd = (minor: number): Runtime => ({
  ...common,
  endpoint: "unix:///run/cri-dockerd.sock",
  units: [dockerUnit, criSocketUnit, criDockerdUnit],
  programs: [dockerd, criDockerd],
  kubelet:
    minor < firstWithWebSocket ? {} : { config: { featureGates: { ExtendWebSocketsToKubelet: false } } },
});

/** A CRI server in front of a docker that localkube did not set up: both dockershim and cri-dockerd call themselves so. */
const found: ServerAsFound = {
  calledBy: "docker",
  imageImport: () => common.imageImport,
  keepsUsedImages: common.keepsUsedImages,
  ask: ["docker", "info", "--format", "{{.CgroupDriver}}"],
  settings({ printed }): ServerSettings {
    const cgroupDriver = printed.trim();
    return cgroupDriver === "systemd" || cgroupDriver === "cgroupfs" ? { cgroupDriver } : {};
  },
};

export const docker: RuntimeDefinition = {
  name,
  aliases: ["cri-dockerd"],
  programs: [dockerd, criDockerd],
  unitNames: [
    ...["docker.service", "docker.socket", "containerd.service"],
    ...[criDockerdUnit.name, criSocketUnit.name],
  ],
  at: (minor) => {
    if (!dockerd.versions(minor)) return undefined;
    return minor <= lastWithDockershim ? withDockershim : withCriDockerd(minor);
  },
  found,
  footprint: {
    files: [
      ...[...members, "cri-dockerd"].map((member) => `/usr/local/bin/${member}`),
      ...[dockerUnit, criSocketUnit, criDockerdUnit].map((unit) => `/etc/systemd/system/${unit.name}`),
      daemonFile,
      limitedRunc,
    ],
    trees: ["/var/lib/docker", "/var/lib/dockershim", "/var/lib/cri-dockerd", "/etc/docker/key.json"],
    runTrees: [
      ...[
        "/run/docker",
        "/run/docker.sock",
        "/run/docker.pid",
        "/run/dockershim.sock",
        "/run/cri-dockerd.sock",
      ],
      "/run/containerd",
    ],
    registryFolder,
    sharedFolders: [registryFolder, "/etc/docker"],
    shims: [{ comm: "containerd-shim", words: "-namespace moby" }],
    network: { links: ["docker0"], chains: ["DOCKER"] },
  },
};

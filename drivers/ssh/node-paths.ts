import type { RuntimeDefinition } from "../../src/contract/runtime.ts";
import type { MachineRef } from "../../src/contract/driver.ts";
import type { ConnectSsh } from "../../src/contract/transport.ts";

/** Where the driver keeps its record of a host on that host: who owns it, and what was there before. */
export const noteFolder = "/var/lib/localkube-host";

/** What a node consists of on a host; absolute paths. */
export interface NodePaths {
  /**
   * Files of the node's programs and configuration that provisioning writes; a test compares this list with it. One that exists already belongs
   * to somebody: the host is refused, or the file is set aside.
   */
  readonly files: readonly string[];
  /** Folders that belong to the node alone, with everything in them. If they contained something before, the rule for files applies. */
  readonly trees: readonly string[];
  /** Runtime state, removed as a reboot would do. */
  readonly runTrees: readonly string[];
  /** Folders below which pods have file systems mounted. */
  readonly mountTrees: readonly string[];
  /**
   * Folders shared with others: only our own content is removed, and the folder itself if it did not exist before and is empty; inner ones
   * first.
   */
  readonly sharedFolders: readonly string[];
  /** Those of `sharedFolders` where each registry has a folder with settings. */
  readonly registryFolders: readonly string[];
  /** Services that cannot share a host with ours of the same names, in the order in which they are stopped; `systemctl` says whether they run. */
  readonly units: readonly string[];
  readonly shims: RuntimeDefinition["footprint"]["shims"];
  /** Interfaces beside those of the pods. */
  readonly links: readonly string[];
  /** Beginnings of the names of chains in the packet filter. */
  readonly chains: readonly string[];
  /** Tables of nftables, `ip NAME`. */
  readonly tables: readonly string[];
  /** The host has a CRI server of its own: what it or a pod network makes for containers may be somebody's, and is taken off by the server itself. */
  readonly keepsServer: boolean;
  /** Units of whole products that run pods or containers of their own: not ours to stop, and not to be shared. */
  readonly products: readonly string[];
}

/** What a driver that gives hosts back has to know of a runtime. */
export type RuntimeOnHost = Pick<RuntimeDefinition, "name" | "unitNames" | "footprint">;

/** What the driver's functions need to work on a host. */
export interface OnHost {
  readonly connect: ConnectSsh;
  /** The first is the one that clusters of earlier releases have. */
  readonly runtimes: readonly RuntimeOnHost[];
}

/**
 * Of a node with the runtime of that name; the first without a name. The address of a socket means the host's own CRI server, of which nothing is ours. What
 * another runtime has on a host is nobody's business here: it may be
 * somebody's, and may have come after the cluster.
 */
export function nodePaths(runtimes: readonly RuntimeOnHost[], name = runtimes[0]?.name): NodePaths {
  const own = runtimes.filter((runtime) => runtime.name === name);
  const keepsServer = name?.startsWith("unix://") === true;
  const footprints = own.map(({ footprint }) => footprint);
  const programs = ["etcd", "etcdctl", ...(keepsServer ? [] : ["crictl"]), "kubectl", "kubelet"];
  const services = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"];
  const trees = footprints.flatMap((one) => one.trees);
  const runTrees = footprints.flatMap((one) => one.runTrees);
  return {
    files: [
      ...[...programs, ...services].map((name) => `/usr/local/bin/${name}`),
      ...["etcd", "kubelet", ...services].map((name) => `/etc/systemd/system/${name}.service`),
      ...footprints.flatMap(({ files }) => files),
      ...(keepsServer ? [] : ["/etc/crictl.yaml"]),
      "/etc/modules-load.d/localkube.conf",
      "/etc/sysctl.d/90-localkube.conf",
      "/etc/localkube-firewall.nft",
      "/etc/systemd/system/localkube-firewall.service",
    ],
    trees: [
      "/etc/kubernetes",
      "/var/lib/kubelet",
      "/var/lib/etcd/localkube",
      ...trees,
      keepsServer ? "/var/lib/cni/networks/localkube" : "/var/lib/cni",
      "/var/lib/localkube",
      "/var/log/pods",
      "/var/log/containers",
      "/usr/libexec/kubernetes",
    ],
    runTrees: [
      ...runTrees,
      ...["/run/localkube", "/run/localkube-pods.lock", "/run/flannel", "/run/kubernetes"],
    ],
    mountTrees: [...runTrees, "/var/lib/kubelet", ...trees],
    sharedFolders: [
      ...["/etc/cni/net.d", "/etc/cni"],
      ...(keepsServer ? cniState : []),
      ...footprints.flatMap(({ sharedFolders }) => sharedFolders),
      "/opt/cni/bin",
      "/opt/cni",
      "/var/lib/etcd",
      "/etc/modules-load.d",
      "/etc/sysctl.d",
      "/usr/local/sbin",
      "/usr/local/bin",
    ],
    registryFolders: footprints.map(({ registryFolder }) => registryFolder),
    units: [
      ...["kubelet", "kube-proxy", "kube-scheduler", "kube-controller-manager", "kube-apiserver", "etcd"].map(
        (name) => `${name}.service`,
      ),
      ...own.flatMap(({ unitNames }) => unitNames),
    ],
    shims: footprints.flatMap(({ shims }) => shims),
    links: ["cni0", ...footprints.flatMap(({ network }) => network?.links ?? [])],
    chains: [
      "KUBE-",
      "LOCALKUBE-",
      ...(keepsServer ? [] : ["CNI-"]),
      ...footprints.flatMap(({ network }) => network?.chains ?? []),
    ],
    tables: footprints.flatMap(({ network }) => network?.tables ?? []),
    keepsServer,
    products: [
      ...["k3s", "k3s-agent", "k0scontroller", "k0sworker", "rke2-server", "rke2-agent"],
      // One of these may be the server, and beside another one they disturb nobody.
      ...(keepsServer ? [] : ["docker", "crio"]),
      ...["snap.microk8s.daemon-kubelite", "snap.microk8s.daemon-containerd"],
    ].map((product) => `${product}.service`),
  };
}

/** Where libcni and its plugins keep what they gave to containers; a server's own may be beside ours. */
const cniState = [
  ...["/var/lib/cni/networks", "/var/lib/cni/results", "/var/lib/cni/cache/results"],
  ...["/var/lib/cni/cache", "/var/lib/cni"],
];

/** Of a machine; those of earlier releases do not say which runtime they have. */
export const pathsOf = ({ runtimes }: OnHost, { data }: Pick<MachineRef, "data">): NodePaths =>
  nodePaths(runtimes, data["runtime"]);

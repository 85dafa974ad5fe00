/** Where the driver keeps its record of a host on that host: who owns it, and what was there before. */
export const noteFolder = "/var/lib/localkube-host";

/**
 * Files of the node's programs and configuration that provisioning writes; a test compares this list with it. One that exists already belongs
 * to somebody: the host is refused, or the file is set aside.
 */
export const nodeFiles = [
  ...["etcd", "etcdctl", "containerd", "containerd-shim-runc-v2", "ctr", "crictl", "kubectl", "kubelet"].map(
    (name) => `/usr/local/bin/${name}`,
  ),
  ...["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"].flatMap((name) => [
    `/usr/local/bin/${name}`,
    `/etc/systemd/system/${name}.service`,
  ]),
  ...["etcd", "containerd", "kubelet"].map((name) => `/etc/systemd/system/${name}.service`),
  "/usr/local/sbin/runc",
  "/etc/containerd/config.toml",
  "/etc/crictl.yaml",
  "/etc/modules-load.d/localkube.conf",
  "/etc/sysctl.d/90-localkube.conf",
  "/etc/localkube-firewall.nft",
  "/etc/systemd/system/localkube-firewall.service",
] as const;

/** Folders that belong to the node alone, with everything in them. If they contained something before, the rule for files applies. */
export const nodeTrees = [
  "/etc/kubernetes",
  "/var/lib/kubelet",
  "/var/lib/etcd/localkube",
  "/var/lib/containerd",
  "/var/lib/cni",
  "/var/lib/localkube",
  "/var/log/pods",
  "/var/log/containers",
  "/opt/containerd",
  "/usr/libexec/kubernetes",
] as const;

/** Runtime state, removed as a reboot would do. */
export const runTrees = [
  "/run/containerd",
  "/run/localkube",
  "/run/flannel",
  "/run/runc/k8s.io",
  "/run/kubernetes",
] as const;

/**
 * Folders shared with others: only our own content is removed, and the folder itself if it did not exist before and is empty; inner ones
 * first.
 */
export const sharedFolders = [
  "/etc/cni/net.d",
  "/etc/cni",
  "/etc/containerd/certs.d",
  "/etc/containerd",
  "/opt/cni/bin",
  "/opt/cni",
  "/var/lib/etcd",
  "/etc/modules-load.d",
  "/etc/sysctl.d",
  "/usr/local/sbin",
  "/usr/local/bin",
] as const;

/** Services that cannot share a host with ours of the same names; `systemctl` says whether they run. */
export const nodeUnits = [
  "kubelet",
  "kube-proxy",
  "kube-scheduler",
  "kube-controller-manager",
  "kube-apiserver",
  "etcd",
  "containerd",
].map((name) => `${name}.service`);

/** Whole products that run pods or containers of their own: not ours to stop. */
export const foreignProducts = [
  ...["k3s", "k3s-agent", "k0scontroller", "k0sworker", "rke2-server", "rke2-agent", "docker", "crio"],
  ...["snap.microk8s.daemon-kubelite", "snap.microk8s.daemon-containerd"],
].map((name) => `${name}.service`);

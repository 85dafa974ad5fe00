/** Every path we write in the guest, once. */
export const guestPaths = {
  bin: "/usr/local/bin",
  pki: "/etc/kubernetes/pki",
  kubernetes: "/etc/kubernetes",
  units: "/etc/systemd/system",
  kubeletConfig: "/var/lib/kubelet/config.yaml",
  registryLogins: "/var/lib/kubelet/config.json",
  kubeletRoot: "/var/lib/kubelet",
  proxyConfig: "/etc/kubernetes/kube-proxy.yaml",
  etcdData: "/var/lib/etcd/localkube",
  /** Without file extension. */
  cniConfig: "/etc/cni/net.d/10-localkube",
  /** Where pod networks put their plugins by convention. */
  cniBin: "/opt/cni/bin",
  /** Programs that are released as such and not in an archive. */
  barePrograms: "/usr/local/sbin",
  crictl: "/etc/crictl.yaml",
  images: "/var/lib/localkube/images",
  /** Pushed archives, and notes of what was unpacked. */
  programs: "/var/lib/localkube/programs",
  /** Environment of the runtime's services. */
  proxy: "/var/lib/localkube/proxy.env",
  state: "/var/lib/localkube",
  /** Programs and links that were not created by push, and files about registries, one path per line; written before they are created. */
  placed: "/var/lib/localkube/placed.list",
  modules: "/etc/modules-load.d/localkube.conf",
  firewall: "/etc/localkube-firewall.nft",
  manager: "/etc/systemd/system.conf.d/90-localkube.conf",
  sysctl: "/etc/sysctl.d/90-localkube.conf",
} as const;

export const apiServerPort = 6443;
/** Its own default. */
export const kubeletPort = 10250;

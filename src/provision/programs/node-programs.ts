import type { ProgramRelease } from "../../contract/artifact.ts";
import type { GuestProgram, Runtime } from "../../contract/runtime.ts";
import { type KubernetesProgram, kubernetesPrograms } from "../../contract/components.ts";

/** A program of the Kubernetes release itself. */
export const kubernetesRelease = (name: KubernetesProgram): ProgramRelease => ({
  name,
  folder: "dl.k8s.io/release/v{version}/bin/linux/{arch}",
  file: name,
  sums: `${name}.sha256`,
});

/** The guest's own is used where it is good enough. */
export const etcd: GuestProgram = { name: "etcd", version: /^etcd Version: (\S+)/, package: "etcd-server" };

/** What is looked for in the guest before anything is pushed. */
export const guestPrograms = ({ programs }: Pick<Runtime, "programs">): readonly GuestProgram[] => [
  etcd,
  ...programs,
];

const plugins =
  "bandwidth bridge dhcp dummy firewall host-device host-local ipvlan loopback macvlan portmap ptp sbr static tap tuning vlan vrf";

/** What the nodes of a cluster run besides the container runtime; the kubelet, first, stands for the release (see `Wishes`). */
export const nodePrograms: readonly ProgramRelease[] = [
  kubernetesRelease("kubelet"),
  ...kubernetesPrograms.filter((name) => name !== "kubelet").map(kubernetesRelease),
  {
    name: "etcd",
    folder: "github.com/etcd-io/etcd/releases/download/v{version}",
    file: "etcd-v{version}-linux-{arch}.tar.gz",
    sums: "SHA256SUMS",
    unpack: { into: "programs", strip: 1, members: ["etcd", "etcdctl"] },
  },
  {
    name: "cni-plugins",
    folder: "github.com/containernetworking/plugins/releases/download/v{version}",
    file: "cni-plugins-linux-{arch}-v{version}.tgz",
    sums: "cni-plugins-linux-{arch}-v{version}.tgz.sha256",
    unpack: { into: "plugins", strip: 0, members: plugins.split(" ") },
  },
  {
    name: "crictl",
    folder: "github.com/kubernetes-sigs/cri-tools/releases/download/v{version}",
    file: "crictl-v{version}-linux-{arch}.tar.gz",
    sums: "crictl-v{version}-linux-{arch}.tar.gz.sha256",
    unpack: { into: "programs", strip: 0, members: ["crictl"] },
  },
];

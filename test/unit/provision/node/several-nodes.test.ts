import { describe, expect, it } from "vitest";
import type { ClusterNode } from "../../../../src/contract/node.ts";
import { nodeFiles } from "../../../../src/provision/node/node-files.ts";
import { nodeSample } from "./node-sample.ts";

const nodes: readonly ClusterNode[] = [
  { name: "demo", role: "control-plane", address: "192.168.50.2" },
  { name: "worker1", role: "worker", address: "192.168.50.3" },
  { name: "worker2", role: "worker", address: "192.168.50.4" },
];

function rendered(index: number, all = nodes, minor = 30) {
  const { runtime, controlPlane, kubelet, controllers } = nodeFiles(nodeSample(minor, { nodes: all, index }));
  const parts = [runtime, controlPlane, kubelet, controllers].filter((part) => part !== undefined);
  const files = new Map(parts.flatMap((part) => part.files).map((entry) => [entry.path, entry]));
  const text = (path: string): string => {
    const source = files.get(path)?.source;
    return source?.kind === "text" ? source.text : "";
  };
  return {
    files: [...files.keys()].sort(),
    units: parts.flatMap((part) => part.units).map(({ name }) => name),
    text,
  };
}

const pki = (files: readonly string[]) =>
  files.filter((path) => path.includes("/pki/")).map((path) => path.split("/pki/")[1]);

describe("a cluster of one control plane and two workers", () => {
  it("runs the control plane on the first node only, kubelet and proxy on all", () => {
    expect(rendered(0).units.sort()).toEqual([
      "containerd.service",
      "etcd.service",
      "kube-apiserver.service",
      "kube-controller-manager.service",
      "kube-proxy.service",
      "kube-scheduler.service",
      "kubelet.service",
    ]);
    for (const worker of [1, 2])
      expect(rendered(worker).units.sort()).toEqual([
        "containerd.service",
        "kube-proxy.service",
        "kubelet.service",
      ]);
  });

  it("gives a worker nothing that signs and nothing of another node", () => {
    for (const worker of [1, 2]) {
      const { files, text } = rendered(worker);
      expect(pki(files)).toEqual([
        "ca.crt",
        "kube-proxy.crt",
        "kube-proxy.key",
        "kubelet-client.crt",
        "kubelet-client.key",
        "kubelet-server.crt",
        "kubelet-server.key",
      ]);
      const key = text("/etc/kubernetes/pki/kubelet-client.key");
      expect(key).toContain(`nodes/worker${worker}/kubelet-client`);
      expect(files.filter((path) => /etcd|apiserver|scheduler|controller-manager/.test(path))).toEqual([]);
    }
  });

  it("brings workers to the control plane's address, and the control plane to its own loopback", () => {
    expect(rendered(0).text("/etc/kubernetes/kubelet.conf")).toContain("https://127.0.0.1:6443");
    for (const name of ["kubelet", "kube-proxy"])
      expect(rendered(1).text(`/etc/kubernetes/${name}.conf`)).toContain("https://192.168.50.2:6443");
    expect(rendered(1).text("/etc/kubernetes/kubelet.conf")).toContain("system:node:worker1");
  });

  it("gives each node its own block of the pod network", () => {
    const blocks = nodes.map((_node, index) => {
      const { files, text } = rendered(index);
      const conflist = files.find((path) => path.endsWith(".conflist")) ?? "";
      return /"subnet": "([^"]+)"/.exec(text(conflist))?.[1];
    });
    expect(blocks).toEqual(["10.244.0.0/24", "10.244.1.0/24", "10.244.2.0/24"]);
  });

  it("says of one node what it said before there could be more", () => {
    const alone = [nodes[0]!];
    const etcd = rendered(0, alone).text("/etc/systemd/system/etcd.service");
    expect(etcd).toContain("--initial-cluster=demo=https://127.0.0.1:2380");
    expect(rendered(0, alone).text("/etc/systemd/system/kube-scheduler.service")).toContain(
      "--leader-elect=false",
    );
    expect(rendered(0).text("/etc/systemd/system/kube-scheduler.service")).toContain("--leader-elect=false");
  });
});

describe("three control planes", () => {
  const three = [2, 3, 4].map((last, index): ClusterNode => ({
    name: `cp${index + 1}`,
    role: "control-plane",
    address: `192.168.50.${last}`,
  }));

  it("are one etcd and elect their leaders", () => {
    const etcd = rendered(1, three).text("/etc/systemd/system/etcd.service");
    expect(etcd).toContain("--name=cp2");
    expect(etcd).toContain("--listen-peer-urls=https://192.168.50.3:2380");
    expect(etcd).toContain(
      "--initial-cluster=cp1=https://192.168.50.2:2380,cp2=https://192.168.50.3:2380,cp3=https://192.168.50.4:2380",
    );
    expect(rendered(2, three).text("/etc/systemd/system/kube-controller-manager.service")).toContain(
      "--leader-elect=true",
    );
  });
});

import { catalogueEntry } from "../../../../src/artifacts/catalogue/catalogue-entry.ts";
import { flagState, kubeletConfigHas } from "../../../../src/artifacts/catalogue/flags.ts";
import { artifactWishes } from "../../../../src/cluster/start/wishes.ts";
import type { ClusterNode } from "../../../../src/contract/node.ts";
import type { ClusterSpec } from "../../../../src/spec/fields.ts";
import type { GuestFacts } from "../../../../src/provision/guest/guest-facts.ts";
import type { NodeInput } from "../../../../src/provision/node/node-input.ts";
import { certificatePlan } from "../../../../src/provision/pki/certificate-plan.ts";
import { resolvePrograms } from "../../../../src/provision/programs/resolve-programs.ts";
import { ociRuntimesByName, withOciRuntimes } from "../../../../src/runtimes/oci/registry.ts";
import { runtimeFor } from "../../../../src/runtimes/registry.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";

export const minors: readonly number[] = Array.from({ length: 18 }, (_, index) => index + 20);

export const clusterSpec = (change: Partial<ClusterSpec> = {}): ClusterSpec =>
  sampleSpec({ runtime: "containerd", waitTimeoutSeconds: 60, ...change });

/** A fresh machine without any of the programs, on cgroup v1. */
const bareFacts: GuestFacts = {
  os: "debian",
  osVersion: "12",
  machine: "x86_64",
  cgroupVersion: 1,
  virtualization: "kvm",
  isContainer: false,
  canLowerOomScore: true,
  memoryMiB: 2048,
  cpus: 2,
  programs: {},
  cniBinDir: "",
  hasIptables: true,
  hasConntrack: true,
  hasKvm: false,
  forwardsPackets: false,
  isFrozen: false,
  clockAheadSeconds: 0,
};

const controlPlane: ClusterNode = { name: "sample", role: "control-plane", address: "192.168.50.2" };

/** A node of the newest release of a minor from upstream artifacts; certificates are stand-ins, nothing here reads them. */
export function nodeSample(
  minor: number,
  change: {
    readonly spec?: Partial<ClusterSpec>;
    readonly facts?: Partial<GuestFacts>;
    readonly runtime?: string;
    readonly network?: NodeInput["network"];
    readonly machine?: NodeInput["machine"];
    /** All nodes, the first a control plane; default: one. */
    readonly nodes?: readonly ClusterNode[];
    /** Which of them is rendered; default: the first. */
    readonly index?: number;
    readonly registryAccess?: Partial<NodeInput["registryAccess"]>;
  } = {},
): NodeInput {
  const entry = catalogueEntry(`1.${minor}`);
  const { version } = entry;
  const { nodes = [controlPlane] } = change;
  const spec = clusterSpec(change.spec);
  const file = (name: string) => ({
    file: `/cache/${name}`,
    sha256: name.padEnd(64, "0").slice(0, 64),
    size: 1,
  });
  const runtimeName = change.runtime ?? "containerd";
  const ociRuntimes = ociRuntimesByName(spec.ociRuntimes);
  const runtime = withOciRuntimes(runtimeFor(runtimeName, entry), ociRuntimes);
  // What nobody releases for this minor is the machine's own.
  const own = runtime.programs.flatMap(({ name, versions }) => {
    const range = versions(minor);
    return range && range.install === undefined
      ? [[name, { path: `/usr/bin/${name}`, version: range.floor }] as const]
      : [];
  });
  const facts = { ...bareFacts, programs: Object.fromEntries(own), ...change.facts };
  const wishes = artifactWishes(version, runtimeName, spec.ociRuntimes);
  const artifacts: NodeInput["artifacts"] = {
    source: "upstream",
    kubernetesVersion: version,
    programs: Object.fromEntries(wishes.programs.map((wish) => [wish.name, { ...wish, ...file(wish.name) }])),
    images: Object.fromEntries(wishes.images.map(({ name, ref }) => [name, { ...file(name), ref }])),
  };
  const pem = (name: string) => ({ certificate: `certificate ${name}\n`, key: `key ${name}\n` });
  const leaves = certificatePlan({
    nodes,
    serviceAddress: "10.96.0.1",
    clusterDomain: "cluster.local",
    extraNames: [],
    extraIps: [],
  });
  return {
    spec,
    nodes,
    node: nodes[change.index ?? 0]!,
    version: {
      flagState: (program, flag) => flagState(program, flag, version),
      kubeletConfigHas: (field) => kubeletConfigHas(field, version),
      kubeletReportsReadyAtOnce: minor >= 28,
    },
    artifacts,
    certificates: {
      authorities: { ca: pem("ca"), "etcd-ca": pem("etcd-ca"), "front-proxy-ca": pem("front-proxy-ca") },
      leaves: Object.fromEntries(leaves.map(({ name }) => [name, pem(name)])),
      serviceAccount: { publicKey: "public\n", privateKey: "private\n" },
      issued: [],
      notYetValid: [],
    },
    facts,
    programs: resolvePrograms(
      facts,
      artifacts,
      { ...entry, runtime },
      { foreignNetwork: false, profile: "demo" },
    ),
    network: change.network ?? { kind: "bridge" },
    runtime,
    ociRuntimes,
    clusterDomain: "cluster.local",
    dnsAddress: "10.96.0.10",
    machine: change.machine ?? { origin: "created", resources: "allotted" },
    cgroupDriver: "systemd",
    registryAccess: { registries: [], logins: [], proxy: {}, ...change.registryAccess },
  };
}

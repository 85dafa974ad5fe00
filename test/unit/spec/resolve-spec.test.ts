import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import type { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import type { SpecLayer } from "../../../src/spec/fields.ts";
import { layerFromFlags, resolveSpec, type SpecSources } from "../../../src/spec/resolve-spec.ts";
import { surroundingsOf } from "./surroundings.ts";

const surroundings = surroundingsOf();
const spec = (flags: SpecLayer = {}, more: SpecSources = {}) => resolveSpec({ ...more, flags }, surroundings);

function problemOf(layer: SpecLayer): LocalkubeError {
  try {
    spec(layer);
  } catch (problem) {
    return problem as LocalkubeError;
  }
  throw new Error("it was accepted");
}

test("without any wish the defaults hold", () => {
  expect(spec()).toEqual({
    apiVersion: "localkube/v1",
    kind: "Cluster",
    name: "localkube",
    driver: "auto",
    driverOptions: {},
    runtime: "cri",
    kubernetesVersion: "",
    artifacts: "auto",
    mirror: "",
    cpus: 2,
    memoryMiB: 4096,
    diskGiB: 20,
    os: "debian",
    image: "",
    cni: "bridge",
    serviceCidr: "10.96.0.0/12",
    podCidr: "10.244.0.0/16",
    extraConfig: {},
    featureGates: {},
    apiServer: { names: [], ips: [], port: 0, overSsh: true },
    wait: ["apiserver", "node", "system-pods", "dns"],
    waitTimeoutSeconds: 360,
    keepContext: false,
    embedCerts: false,
    ociRuntimes: [],
    defaultOciRuntime: "runc",
    registries: { mirrors: {}, insecure: [], authorities: {}, logins: {}, hostProxy: true },
    criSocket: "",
    imageSocket: "",
    addons: {},
  });
});

test.each([
  ["20G", 20],
  ["1T", 1024],
  [7, 7],
])("a disk of %s has %s GiB", (diskSize, diskGiB) => {
  expect(spec({ diskSize }).diskGiB).toBe(diskGiB);
});

const digest = `#sha256=${"a".repeat(64)}`;

test.each([
  ["", ""],
  ["debian", ""],
  ["upstream", "upstream"],
  ["./upstream", resolve("upstream")],
  ["disk.qcow2", resolve("disk.qcow2")],
  [`https://example.org/disk.qcow2${digest}`, `https://example.org/disk.qcow2${digest}`],
])("--image '%s' is %s", (image, expected) => {
  expect(spec({ image }).image).toBe(expected);
});

test.each([
  [{ image: "ftp://example.org/disk" }, "IMAGE_ADDRESS_INVALID"],
  [{ image: "https://example.org/disk#sha256=12" }, "IMAGE_ADDRESS_INVALID"],
  [{ os: "fedora" }, "OS_UNKNOWN"],
  [{ os: "flatcar", image: "debian" }, "OS_IMAGE_CONFLICT"],
])("%o is refused: %s", (layer, id) => {
  expect(problemOf(layer).id).toBe(id);
});

test("flatcar is taken with its own image or one of yours", () => {
  expect(spec({ os: "flatcar" })).toMatchObject({ os: "flatcar", image: "" });
  expect(spec({ os: "flatcar", image: "mine" })).toMatchObject({ os: "flatcar", image: resolve("mine") });
});

test.each(["4G", "20M", "much", "-1", "0"])("'%s' is no disk size", (diskSize) => {
  expect(problemOf({ diskSize }).id).toBe("DISK_SIZE_INVALID");
});

test.each([
  [
    { cpus: 1, memoryMiB: 2000 },
    { cpus: 1, memoryMiB: 2000 },
  ],
  [
    { cpus: 2, memoryMiB: 4096 },
    { cpus: 2, memoryMiB: 2048 },
  ],
  [
    { cpus: 64, memoryMiB: 262_144 },
    { cpus: 2, memoryMiB: 6144 },
  ],
])("on a host with %o the defaults are %o", (capacity, expected) => {
  expect(resolveSpec({}, { ...surroundings, capacity })).toMatchObject(expected);
});

test("flags win over the file over the existing cluster over settings over defaults", () => {
  const existing = spec({ cpus: 3, memory: 3000, podCidr: "10.1.0.0/16", keepContext: true });
  const sources: SpecSources = {
    flags: { cpus: 5 },
    file: { cpus: 4, memory: "4G" },
    existing,
    settings: { cpus: "6", memory: "6G", driver: "docker", embedCerts: "true" },
  };
  expect(resolveSpec(sources, surroundings)).toMatchObject({
    cpus: 5,
    memoryMiB: 4096,
    podCidr: "10.1.0.0/16",
    keepContext: true,
    driver: "auto",
    embedCerts: false,
    ociRuntimes: [],
    defaultOciRuntime: "runc",
  });
  expect(resolveSpec({ ...sources, existing: undefined }, surroundings)).toMatchObject({
    driver: "docker",
    embedCerts: true,
    keepContext: false,
  });
});

test("an existing cluster's spec comes through unchanged when nobody wishes anything", () => {
  const existing = spec({
    name: "demo",
    kubernetesVersion: "1.36.2",
    extraConfig: ["kubelet.max-pods=50", "etcd.quota-backend-bytes=1=2"],
    featureGates: "A=true,B=false",
    apiserverNames: "a.example.org,b.example.org",
    apiserverIps: ["192.0.2.1", "2001:DB8::1"],
    apiserverPort: "16443",
    wait: "none",
    waitTimeout: "1h",
  });
  expect(resolveSpec({ existing }, surroundings)).toEqual(existing);
  expect(existing).toMatchObject({
    kubernetesVersion: "v1.36.2",
    extraConfig: { kubelet: { "max-pods": "50" }, etcd: { "quota-backend-bytes": "1=2" } },
    featureGates: { A: true, B: false },
    apiServer: { names: ["a.example.org", "b.example.org"], ips: ["192.0.2.1", "2001:db8::1"], port: 16_443 },
    wait: [],
    waitTimeoutSeconds: 3600,
  });
});

test("flags of the command line are read by their names; unknown ones are left out", () => {
  const flags = {
    "kubernetes-version": "v1.30.1",
    "extra-config": ["kubelet.v=4"],
    output: "json",
    cpus: undefined,
  };
  expect(layerFromFlags(flags, surroundings)).toEqual({
    kubernetesVersion: "v1.30.1",
    extraConfig: ["kubelet.v=4"],
  });
});

test.each([
  ["4G", 4096],
  ["4g", 4096],
  ["4GiB", 4096],
  ["4Gi", 4096],
  ["1.75G", 1792],
  ["4096m", 4096],
  ["4096MB", 4096],
  ["4096", 4096],
  [2048, 2048],
  ["2097152K", 2048],
  ["1700", 1700],
])("memory %s is %d MiB", (memory, memoryMiB) => {
  expect(spec({ memory }).memoryMiB).toBe(memoryMiB);
});

test.each([
  ["360", 360],
  [90, 90],
  ["90s", 90],
  ["6m", 360],
  ["6m0s", 360],
  ["1h30m", 5400],
])("the wait timeout %s is %d s", (waitTimeout, seconds) => {
  expect(spec({ waitTimeout }).waitTimeoutSeconds).toBe(seconds);
});

test("what to wait for comes in the order in which it becomes true", () => {
  expect(spec({ wait: "dns,apiserver" }).wait).toEqual(["apiserver", "dns"]);
  expect(spec({ wait: ["dns", "node"] }).wait).toEqual(["node", "dns"]);
  expect(spec({ wait: "all" }).wait).toHaveLength(4);
  expect(spec({ wait: "" }).wait).toEqual([]);
});

test("relative paths become absolute, words and URLs stay", () => {
  expect(spec({ cni: "net.yaml", mirror: "mirror" })).toMatchObject({
    cni: resolve("net.yaml"),
    mirror: resolve("mirror"),
  });
  expect(spec({ cni: "none", mirror: "https://mirror.example.org/k8s" })).toMatchObject({
    cni: "none",
    mirror: "https://mirror.example.org/k8s",
  });
});

test("no component's name reaches an object's prototype", () => {
  expect(problemOf({ extraConfig: "__proto__.x=1" }).id).toBe("EXTRA_CONFIG_COMPONENT_UNKNOWN");
  expect(spec({ extraConfig: "kubelet.constructor=1" }).extraConfig).toEqual({
    kubelet: { constructor: "1" },
  });
});

describe("bad input", () => {
  const cases: readonly (readonly [SpecLayer, string, string])[] = [
    [{ name: "Demo" }, "PROFILE_NAME_INVALID", "capital"],
    [{ name: "" }, "PROFILE_NAME_INVALID", "empty"],
    [{ name: "a_b" }, "PROFILE_NAME_INVALID", "'_'"],
    [{ name: "../up" }, "PROFILE_NAME_INVALID", "'.'"],
    [{ name: "a-" }, "PROFILE_NAME_INVALID", "ends with"],
    [{ name: "a".repeat(41) }, "PROFILE_NAME_INVALID", "41 characters"],
    [{ driver: "podmen" }, "DRIVER_UNKNOWN", "no driver 'podmen'"],
    [{ driver: "hyperkit" }, "DRIVER_UNKNOWN", "no driver 'hyperkit'"],
    [{ runtime: "container" }, "RUNTIME_UNKNOWN", "did you mean 'containerd'"],
    [{ runtime: "rkt" }, "RUNTIME_GONE", "There is no runtime 'rkt' any more: it was given up"],
    [{ ociRuntimes: "crum" }, "OCI_RUNTIME_UNKNOWN", "did you mean 'crun'"],
    [
      { defaultOciRuntime: "crun" },
      "OCI_RUNTIME_NOT_CHOSEN",
      "crun is not among those that the cluster has: runc",
    ],
    [{ kubernetesVersion: "v9.1.0" }, "KUBERNETES_VERSION_UNKNOWN", "v9.1.0"],
    [{ kubernetesVersion: "new" }, "KUBERNETES_VERSION_UNKNOWN", "new"],
    [{ artifacts: "debain" }, "ARTIFACTS_UNKNOWN", "did you mean 'debian'"],
    [{ cpus: 0 }, "CPUS_INVALID", "'0'"],
    [{ cpus: "two" }, "CPUS_INVALID", "'two'"],
    [{ cpus: "1.5" }, "CPUS_INVALID", "'1.5'"],
    [{ cpus: "-2" }, "CPUS_INVALID", "'-2'"],
    [{ memory: "lots" }, "MEMORY_INVALID", "'lots'"],
    [{ memory: "4X" }, "MEMORY_INVALID", "'4X'"],
    [{ memory: "" }, "MEMORY_INVALID", "''"],
    [{ memory: "-4G" }, "MEMORY_INVALID", "'-4G'"],
    [{ memory: "1G" }, "MEMORY_TOO_SMALL", "1024 MiB"],
    [{ memory: "1699" }, "MEMORY_TOO_SMALL", "1700 MiB"],
    [{ serviceCidr: "10.96.0.0" }, "CIDR_INVALID", "prefix is missing"],
    [{ serviceCidr: "10.97.0.0/12" }, "CIDR_INVALID", "10.96.0.0/12"],
    [{ podCidr: "fd00::/64" }, "CIDR_INVALID", "IPv6"],
    [{ podCidr: "pods" }, "CIDR_INVALID", "'pods'"],
    [{ podCidr: "127.0.0.0/16" }, "CIDR_INVALID", "loopback"],
    [{ podCidr: "224.0.0.0/16" }, "CIDR_INVALID", "multicast"],
    [{ serviceCidr: "10.0.0.0/8" }, "CIDR_SIZE", "/12 to /28"],
    [{ serviceCidr: "10.96.0.0/29" }, "CIDR_SIZE", "/12 to /28"],
    [{ podCidr: "10.244.0.0/25" }, "CIDR_SIZE", "/8 to /24"],
    [{ podCidr: "10.100.0.0/16" }, "CIDR_OVERLAP", "10.100.0.0/16"],
    [{ serviceCidr: "10.244.0.0/24" }, "CIDR_OVERLAP", "10.244.0.0/16"],
    [{ extraConfig: "kubelet.max-pods" }, "EXTRA_CONFIG_MALFORMED", "'=' is missing"],
    [{ extraConfig: "max-pods=5" }, "EXTRA_CONFIG_MALFORMED", "'.' between"],
    [{ extraConfig: "kubelet.=5" }, "EXTRA_CONFIG_MALFORMED", "'' is not a valid option name"],
    [{ extraConfig: "kubelet.a b=5" }, "EXTRA_CONFIG_MALFORMED", "'a b'"],
    [{ extraConfig: "kubelet.v=1\nExecStart=x" }, "EXTRA_CONFIG_MALFORMED", "line break"],
    [{ extraConfig: ["kubelet.v=1", "kublet.v=1"] }, "EXTRA_CONFIG_COMPONENT_UNKNOWN", "'kubelet'"],
    [{ extraConfig: "kube-apiserver.v=1" }, "EXTRA_CONFIG_COMPONENT_UNKNOWN", "did you mean 'apiserver'"],
    [{ featureGates: "A" }, "FEATURE_GATE_MALFORMED", "'A'"],
    [{ featureGates: "A=yes" }, "FEATURE_GATE_MALFORMED", "'A=yes'"],
    [{ featureGates: "A=true,=false" }, "FEATURE_GATE_MALFORMED", "'=false'"],
    [{ wait: "dsn" }, "WAIT_TARGET_UNKNOWN", "did you mean 'dns'"],
    [{ wait: "none,dns" }, "WAIT_TARGET_UNKNOWN", "'none'"],
    [{ waitTimeout: "soon" }, "WAIT_TIMEOUT_INVALID", "'soon'"],
    [{ waitTimeout: 0 }, "WAIT_TIMEOUT_INVALID", "'0'"],
    [{ waitTimeout: "" }, "WAIT_TIMEOUT_INVALID", "''"],
    [{ apiserverNames: "kube_1" }, "APISERVER_NAME_INVALID", "'kube_1'"],
    [{ apiserverNames: "192.0.2.1" }, "APISERVER_NAME_INVALID", "'192.0.2.1'"],
    [{ apiserverNames: "a.*.org" }, "APISERVER_NAME_INVALID", "'a.*.org'"],
    [{ apiserverIps: "kube.example.org" }, "APISERVER_IP_INVALID", "'kube.example.org'"],
    [{ apiserverIps: "192.0.2" }, "APISERVER_IP_INVALID", "'192.0.2'"],
    [{ apiserverPort: "65536" }, "PORT_INVALID", "'65536'"],
    [{ apiserverPort: "-1" }, "PORT_INVALID", "'-1'"],
    [{ keepContext: "maybe" }, "SWITCH_INVALID", "--keep-context"],
  ];

  test.each(cases)("%o is %s", (layer, id, part) => {
    const problem = problemOf(layer);
    expect(problem.id).toBe(id);
    expect(problem.message).toContain(part);
    expect(problem.exitCode).toBe(2);
    expect(`${problem.message} ${problem.fix}`).not.toMatch(/\{\w+\}|undefined/);
    expect(problem.fix.length).toBeGreaterThan(10);
  });
});

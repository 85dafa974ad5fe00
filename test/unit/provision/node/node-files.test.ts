import { parse } from "yaml";
import { describe, expect, test } from "vitest";
import { kubernetesComponents } from "../../../../src/contract/components.ts";
import { flagState } from "../../../../src/artifacts/catalogue/flags.ts";
import type { PushEntry } from "../../../../src/contract/transport.ts";
import { nodeFiles, type NodeFiles } from "../../../../src/provision/node/node-files.ts";
import { unitInputs } from "../../../../src/provision/units/unit-file.ts";
import { runtimeFor, runtimeNames } from "../../../../src/runtimes/registry.ts";
import { minors, nodeSample } from "./node-sample.ts";

const programs = kubernetesComponents;
const parts = ({ runtime, controlPlane, kubelet, controllers }: NodeFiles) =>
  [runtime, controlPlane, kubelet, controllers].filter((part) => part !== undefined);
const units = (files: NodeFiles) => parts(files).flatMap((part) => part.units);
const entries = (files: NodeFiles): readonly PushEntry[] => parts(files).flatMap((part) => part.files);
const flags = (files: NodeFiles, program: string): Readonly<Record<string, string>> => {
  const unit = units(files).find(({ name }) => name === `${program}.service`);
  return Object.fromEntries(
    (unit?.argv.slice(1) ?? []).map((word) => {
      const [, flag = "", value = ""] = /^--([^=]+)=(.*)$/s.exec(word) ?? [];
      return [flag, value];
    }),
  );
};
const textOf = (files: NodeFiles, path: string): string => {
  const source = entries(files).find((entry) => entry.path === path)?.source;
  if (source?.kind !== "text") throw new Error(`no text ${path}`);
  return source.text;
};
const rendered = (files: NodeFiles): string =>
  entries(files)
    .filter(({ path }) => !path.startsWith("/etc/kubernetes/pki/"))
    .map(({ path, mode, source }) => {
      const content = source.kind === "text" ? source.text : `(file ${source.file})\n`;
      return `# ${path} ${mode.toString(8)}\n${content}`;
    })
    .join("\n");

// Fields of kubelet.config.k8s.io/v1beta1 at v1.20.2 that we may use; later ones are the catalogue's to tell.
const oldKubeletFields =
  "apiVersion kind address authentication authorization cgroupDriver clusterDNS clusterDomain evictionHard failSwapOn featureGates healthzBindAddress healthzPort kubeAPIBurst kubeAPIQPS nodeStatusReportFrequency nodeStatusUpdateFrequency readOnlyPort serializeImagePulls tlsCertFile tlsPrivateKeyFile volumePluginDir".split(
    " ",
  );

describe.each(runtimeNames)("with %s", (runtime) => {
  test.each(minors)("1.%d gets no flag and no kubelet field that it is not known to have", (minor) => {
    const input = nodeSample(minor, { runtime });
    const files = nodeFiles(input);
    const { kubernetesVersion } = input.artifacts;
    for (const program of programs) {
      const names = Object.keys(flags(files, program));
      expect(names.length).toBeGreaterThan(1);
      const bad = names.filter((flag) => flagState(program, flag, kubernetesVersion) !== "present");
      expect({ program, bad }).toEqual({ program, bad: [] });
    }
    const config = parse(textOf(files, "/var/lib/kubelet/config.yaml")) as Record<string, unknown>;
    const late = { containerRuntimeEndpoint: 27, imageServiceEndpoint: 27, failCgroupV1: 31 };
    const allowed = Object.entries(late).filter(([, since]) => minor >= since);
    const known = new Set([...oldKubeletFields, ...allowed.map(([field]) => field)]);
    expect(Object.keys(config).filter((field) => !known.has(field))).toEqual([]);
    // The one thing without which this kubelet does not start on cgroup v1.
    if (minor >= 35) expect(config["failCgroupV1"]).toBe(false);
    const endpoint =
      config["containerRuntimeEndpoint"] ?? flags(files, "kubelet")["container-runtime-endpoint"];
    // A kubelet that contains the CRI server knows its own.
    expect(endpoint).toBe(input.runtime.kubelet.flags ? undefined : input.runtime.endpoint);
  });
});

test.each([20, 24, 27, 31, 35, 37])("everything rendered for 1.%d", async (minor) => {
  await expect(rendered(nodeFiles(nodeSample(minor)))).toMatchFileSnapshot(`snapshots/node-1.${minor}.txt`);
});

test("equal inputs give equal files and units", () => {
  expect(nodeFiles(nodeSample(30))).toEqual(nodeFiles(nodeSample(30)));
});

test("every file a program is told of is an input of its unit or stands in no push at all", () => {
  for (const minor of minors) {
    const files = nodeFiles(nodeSample(minor));
    const pushed = new Set(entries(files).map(({ path }) => path));
    for (const unit of units(files)) {
      const inputs = new Set(unit.inputs.map(({ path }) => path));
      const named = unit.argv.join(" ").match(/\/(?:etc|usr|var)\/[\w./-]+/g) ?? [];
      expect({
        unit: unit.name,
        missed: named.filter((path) => pushed.has(path) && !inputs.has(path)),
      }).toEqual({
        unit: unit.name,
        missed: [],
      });
      for (const path of named.filter((path) => /\.(crt|key|pub|conf|yaml)$/.test(path)))
        expect(pushed).toContain(path);
    }
  }
});

test("keys are readable by root alone, and those that only the host needs stay there", () => {
  const all = entries(nodeFiles(nodeSample(30)));
  const secrets = all.filter(({ path }) => path.endsWith(".key") || /\/kubernetes\/[\w-]+\.conf$/.test(path));
  expect(secrets.length).toBeGreaterThan(10);
  expect(secrets.filter(({ mode }) => mode !== 0o600)).toEqual([]);
  const names = all.map(({ path }) => path);
  for (const name of ["admin.key", "admin.crt", "etcd-ca.key", "front-proxy-ca.key"])
    expect(names).not.toContain(`/etc/kubernetes/pki/${name}`);
});

test("nothing but API server, kubelet and the service proxy listens beyond loopback", () => {
  for (const minor of minors) {
    const files = nodeFiles(nodeSample(minor));
    for (const [flag, value] of Object.entries(flags(files, "etcd")))
      if (flag.startsWith("listen-")) expect(value).toMatch(/^https?:\/\/127\.0\.0\.1:\d+$/);
    expect(flags(files, "kube-controller-manager")["bind-address"]).toBe("127.0.0.1");
    expect(flags(files, "kube-scheduler")["bind-address"]).toBe("127.0.0.1");
    for (const flag of ["insecure-port", "port"])
      for (const program of programs) expect(flags(files, program)[flag] ?? "0").toBe("0");
    const proxy = parse(textOf(files, "/etc/kubernetes/kube-proxy.yaml")) as Record<string, string>;
    expect(proxy["metricsBindAddress"]).toMatch(/^127\.0\.0\.1:/);
    expect(proxy["healthzBindAddress"]).toMatch(/^127\.0\.0\.1:/);
  }
});

test("a user's flags come last and win; one that the version does not have is refused by name", () => {
  const extraConfig = { kubelet: { "max-pods": "30" }, apiserver: { profiling: "true" } };
  const files = nodeFiles(nodeSample(30, { spec: { extraConfig } }));
  expect(flags(files, "kubelet")["max-pods"]).toBe("30");
  expect(flags(files, "kube-apiserver")["profiling"]).toBe("true");
  const gone = { kubelet: { "network-plugin": "cni" } };
  expect(() => nodeFiles(nodeSample(30, { spec: { extraConfig: gone } }))).toThrow(
    expect.objectContaining({ id: "FLAG_NOT_IN_VERSION" }),
  );
  expect(flags(nodeFiles(nodeSample(20, { spec: { extraConfig: gone } })), "kubelet")["network-plugin"]).toBe(
    "cni",
  );
});

test("feature gates reach every Kubernetes program", () => {
  const files = nodeFiles(nodeSample(30, { spec: { featureGates: { SomeGate: true, Other: false } } }));
  for (const program of programs)
    expect(flags(files, program)["feature-gates"]).toBe("SomeGate=true,Other=false");
});

test("the network decides what configuration the runtime finds", () => {
  const cni = (network: Parameters<typeof nodeSample>[1]) =>
    entries(nodeFiles(nodeSample(30, network)))
      .map(({ path }) => path)
      .filter((path) => path.startsWith("/etc/cni/"));
  expect(cni({ network: { kind: "bridge" } })).toEqual(["/etc/cni/net.d/10-localkube.conflist"]);
  expect(cni({ network: { kind: "config", ending: "conf", text: "{}" } })).toEqual([
    "/etc/cni/net.d/10-localkube.conf",
  ]);
  expect(cni({ network: { kind: "none" } })).toEqual([]);
  expect(cni({ network: { kind: "manifest", objects: [] } })).toEqual([]);
});

test("an etcd that does not know the architecture is told to run all the same", () => {
  const unit = (minor: number, machine: string): string =>
    textOf(nodeFiles(nodeSample(minor, { facts: { machine } })), "/etc/systemd/system/etcd.service");
  expect(unit(20, "aarch64")).toContain(" ETCD_UNSUPPORTED_ARCH=arm64");
  expect(unit(20, "x86_64")).not.toContain("UNSUPPORTED");
  expect(unit(30, "aarch64")).not.toContain("UNSUPPORTED");
});

test("what was pushed is what runs, and another archive restarts its unit alone", () => {
  const input = nodeSample(30);
  const old = nodeFiles(input);
  expect(old.controlPlane?.archives.map(({ name }) => name)).toEqual(["etcd"]);
  expect(old.runtime.archives.map(({ name }) => name).sort()).toEqual([
    "cni-plugins",
    "containerd",
    "crictl",
  ]);
  const argv = (name: string) => units(old).find((unit) => unit.name === name)?.argv[0];
  expect(argv("etcd.service")).toBe("/usr/local/bin/etcd");
  expect(argv("containerd.service")).toBe("/usr/local/bin/containerd");

  const { archives } = input.programs;
  const other = archives.map((archive) => {
    if (archive.name !== "etcd" || archive.entry.source.kind !== "file") return archive;
    const sha256 = "f".repeat(64);
    return { ...archive, sha256, entry: { ...archive.entry, source: { ...archive.entry.source, sha256 } } };
  });
  const changed = nodeFiles({ ...input, programs: { ...input.programs, archives: other } });
  const stale = units(changed).filter((unit, index) => unitInputs(unit) !== unitInputs(units(old)[index]!));
  expect(stale.map(({ name }) => name)).toEqual(["etcd.service"]);
});

test("what a machine that shares its host's resources sees beyond its limits is set aside, and nothing of any other", () => {
  const sample = nodeSample(20, { machine: { origin: "created", resources: "shared" } });
  const reserved = (memoryMiB: number, cpus: number): unknown => {
    const files = nodeFiles({ ...sample, facts: { ...sample.facts, memoryMiB, cpus } });
    return (parse(textOf(files, "/var/lib/kubelet/config.yaml")) as { systemReserved?: unknown })
      .systemReserved;
  };
  const { memoryMiB, cpus } = sample.spec;
  expect(reserved(memoryMiB + 16_000, cpus + 6)).toEqual({ memory: "16000Mi", cpu: "6" });
  expect(reserved(memoryMiB - 100, cpus)).toBeUndefined();
  for (const resources of ["own", "allotted"] as const) {
    const facts = { memoryMiB: memoryMiB + 250_000, cpus: cpus + 62 };
    const files = nodeFiles(nodeSample(20, { facts, machine: { origin: "rented", resources } }));
    expect(textOf(files, "/var/lib/kubelet/config.yaml")).not.toContain("systemReserved");
  }
});

test.each(runtimeNames)("the mounts are shared before %s starts, at each boot", (runtime) => {
  const files = nodeFiles(nodeSample(20, { runtime }));
  const [first] = runtimeFor(runtime, { version: "v1.20", minor: 20 }).units;
  const text = textOf(files, `/etc/systemd/system/${first?.name}`);
  expect(text).toMatch(/^ExecStartPre=-\/bin\/mount --make-rshared \/$/m);
});

test("the kubelet comes after the API server in an emulated machine only", () => {
  const sample = nodeSample(20);
  const after = (virtualization: string): boolean => {
    const files = nodeFiles({ ...sample, facts: { ...sample.facts, virtualization } });
    return /^After=.* kube-apiserver\.service$/m.test(textOf(files, "/etc/systemd/system/kubelet.service"));
  };
  expect({ qemu: after("qemu"), kvm: after("kvm"), podman: after("podman") }).toEqual({
    qemu: true,
    kvm: false,
    podman: false,
  });
});

test("an emulated API server gets the kubelet's default time to answer heartbeats", () => {
  const sample = nodeSample(20);
  const every = (virtualization: string): unknown => {
    const files = nodeFiles({ ...sample, facts: { ...sample.facts, virtualization } });
    const config = parse(textOf(files, "/var/lib/kubelet/config.yaml")) as Record<string, unknown>;
    return config["nodeStatusUpdateFrequency"];
  };
  expect({ qemu: every("qemu"), kvm: every("kvm") }).toEqual({ qemu: undefined, kvm: "2s" });
});

test("the Go programs collect their garbage less often in an emulated machine only", () => {
  const sample = nodeSample(20);
  const units = [
    "etcd",
    ...["kube-apiserver", "kube-controller-manager", "kube-scheduler"],
    "kubelet",
    "kube-proxy",
  ];
  const relaxed = (virtualization: string): string[] => {
    const files = nodeFiles({ ...sample, facts: { ...sample.facts, virtualization } });
    return units.filter((unit) =>
      /^Environment=.* GOGC=400$/m.test(textOf(files, `/etc/systemd/system/${unit}.service`)),
    );
  };
  expect({ qemu: relaxed("qemu"), kvm: relaxed("kvm") }).toEqual({ qemu: units, kvm: [] });
});

test.each([20, 26, 27, 36])(
  "with a CRI server of the machine's own, a node of 1.%d is told of its sockets, and has nothing of a runtime",
  (minor) => {
    const runtime = "unix:///run/my.sock unix:///run/other.sock";
    const files = nodeFiles({ ...nodeSample(minor, { runtime }), cgroupDriver: "cgroupfs" });
    const config = parse(textOf(files, "/var/lib/kubelet/config.yaml")) as Record<string, unknown>;
    const flag = flags(files, "kubelet");
    expect([
      config["containerRuntimeEndpoint"] ?? flag["container-runtime-endpoint"],
      config["imageServiceEndpoint"] ?? flag["image-service-endpoint"],
    ]).toEqual(["unix:///run/my.sock", "unix:///run/other.sock"]);
    expect(config).toMatchObject({
      cgroupDriver: "cgroupfs",
      // The kubelet would also remove images that are not the cluster's.
      imageGCHighThresholdPercent: 100,
      evictionHard: { "memory.available": "100Mi" },
    });
    expect(config["evictionHard"]).not.toHaveProperty("imagefs.available");
    expect(flag).not.toHaveProperty("pod-infra-container-image");
    const paths = entries(files).map(({ path }) => path);
    expect(paths.filter((path) => /crictl|containerd|runc|pause/.test(path))).toEqual([]);
    expect(files.runtime.units).toEqual([]);
  },
);

test("where the server has a pod network, none of ours is written", () => {
  const files = nodeFiles(nodeSample(30, { runtime: "unix:///run/my.sock", network: { kind: "present" } }));
  expect(entries(files).filter(({ path }) => path.startsWith("/etc/cni"))).toEqual([]);
});

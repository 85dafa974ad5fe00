import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as v from "valibot";
import { expect, onTestFinished, test } from "vitest";
import { field, storedPath, valueAt, type AnyField } from "../../../src/spec/field.ts";
import { type ClusterSpec, specFields } from "../../../src/spec/fields.ts";
import { diffSpec } from "../../../src/spec/diff-spec.ts";
import { readClusterFile } from "../../../src/spec/read-cluster-file.ts";
import { layerFromFlags, resolveSpec } from "../../../src/spec/resolve-spec.ts";
import { clusterSpecSchema, storedSchema } from "../../../src/spec/schemas.ts";
import { surroundingsOf } from "./surroundings.ts";

const surroundings = surroundingsOf({
  drivers: ["podman", "one"],
  runtimes: ["containerd"],
  whatBecameOf: (name) => (name === "rkt" ? "it was given up" : undefined),
  ociRuntimes: ["crun"],
  driverOptions: { one: [{ name: "one-host", summary: "", change: "recreate" }] },
});

/** Per field: flag, key in localkube.yaml, key in the record, default, and a value as flag, in the file and in the record. */
const rows: Readonly<
  Record<
    keyof typeof specFields,
    readonly [string | undefined, string[], string, unknown, unknown, unknown, unknown]
  >
> = {
  name: ["profile", ["name"], "name", "localkube", "demo", "demo", "demo"],
  driver: ["driver", ["driver"], "driver", "auto", "one", "one", "one"],
  driverOptions: [
    undefined,
    ["driverOptions"],
    "driverOptions",
    {},
    undefined,
    { "one-host": "h" },
    { "one-host": "h" },
  ],
  runtime: ["runtime", ["runtime"], "runtime", "cri", "containerd", "containerd", "containerd"],
  ociRuntimes: ["oci-runtime", ["ociRuntimes"], "ociRuntimes", [], "crun", ["crun"], ["crun"]],
  defaultOciRuntime: [
    "default-oci-runtime",
    ["defaultOciRuntime"],
    "defaultOciRuntime",
    "runc",
    "runc",
    "runc",
    "runc",
  ],
  kubernetesVersion: [
    "kubernetes-version",
    ["kubernetesVersion"],
    "kubernetesVersion",
    "",
    "1.36.2",
    "v1.36.2",
    "v1.36.2",
  ],
  artifacts: ["artifacts", ["artifacts"], "artifacts", "auto", "debian", "debian", "debian"],
  mirror: ["mirror", ["mirror"], "mirror", "", "/m", "/m", "/m"],
  cpus: ["cpus", ["cpus"], "cpus", 2, "4", 4, 4],
  memory: ["memory", ["memory", "memoryMiB"], "memoryMiB", 4096, "3G", "3072m", 3072],
  diskSize: ["disk-size", ["diskSize", "diskGiB"], "diskGiB", 20, "30G", 30, 30],
  os: ["os", ["os"], "os", "debian", "flatcar", "flatcar", "flatcar"],
  image: ["image", ["image"], "image", "", "/i.qcow2", "/i.qcow2", "/i.qcow2"],
  cni: ["cni", ["cni"], "cni", "bridge", "none", "none", "none"],
  serviceCidr: [
    "service-cidr",
    ["serviceCidr"],
    "serviceCidr",
    "10.96.0.0/12",
    "10.112.0.0/16",
    "10.112.0.0/16",
    "10.112.0.0/16",
  ],
  podCidr: [
    "pod-cidr",
    ["podCidr"],
    "podCidr",
    "10.244.0.0/16",
    "10.200.0.0/16",
    "10.200.0.0/16",
    "10.200.0.0/16",
  ],
  extraConfig: [
    "extra-config",
    ["extraConfig"],
    "extraConfig",
    {},
    ["kubelet.max-pods=5"],
    { kubelet: { "max-pods": 5 } },
    { kubelet: { "max-pods": "5" } },
  ],
  featureGates: ["feature-gates", ["featureGates"], "featureGates", {}, "A=true", { A: true }, { A: true }],
  apiserverNames: [
    "apiserver-names",
    ["apiServer.names"],
    "apiServer.names",
    [],
    ["a.example.org"],
    ["a.example.org"],
    ["a.example.org"],
  ],
  apiserverIps: [
    "apiserver-ips",
    ["apiServer.ips"],
    "apiServer.ips",
    [],
    ["192.0.2.1"],
    ["192.0.2.1"],
    ["192.0.2.1"],
  ],
  apiserverPort: ["apiserver-port", ["apiServer.port"], "apiServer.port", 0, "16443", 16_443, 16_443],
  apiOverSsh: ["api-over-ssh", ["apiServer.overSsh"], "apiServer.overSsh", true, false, false, false],
  wait: ["wait", ["wait"], "wait", ["apiserver", "node", "system-pods", "dns"], ["node"], ["node"], ["node"]],
  waitTimeout: [
    "wait-timeout",
    ["waitTimeout", "waitTimeoutSeconds"],
    "waitTimeoutSeconds",
    360,
    "2m",
    "120s",
    120,
  ],
  keepContext: ["keep-context", ["keepContext"], "keepContext", false, true, true, true],
  embedCerts: ["embed-certs", ["embedCerts"], "embedCerts", false, true, true, true],
  registryMirrors: [
    "registry-mirror",
    ["registries.mirrors"],
    "registries.mirrors",
    {},
    ["docker.io=https://a.example", "docker.io=http://b.example:5000/"],
    { "docker.io": ["https://a.example", "http://b.example:5000"] },
    { "docker.io": ["https://a.example", "http://b.example:5000"] },
  ],
  insecureRegistries: [
    "insecure-registry",
    ["registries.insecure"],
    "registries.insecure",
    [],
    ["10.0.0.5:5000"],
    ["10.0.0.5:5000"],
    ["10.0.0.5:5000"],
  ],
  registryAuthorities: [
    "registry-ca",
    ["registries.authorities"],
    "registries.authorities",
    {},
    ["reg.example=/ca.pem"],
    { "reg.example": "/ca.pem" },
    { "reg.example": "/ca.pem" },
  ],
  registryLogins: [
    "registry-auth",
    ["registries.logins"],
    "registries.logins",
    {},
    ["reg.example", "other.example:5000=/login.json"],
    { "reg.example": "", "other.example:5000": "/login.json" },
    { "other.example:5000": "/login.json", "reg.example": "" },
  ],
  proxyInNode: ["proxy-in-node", ["registries.hostProxy"], "registries.hostProxy", true, false, false, false],
  criSocket: [
    "cri-socket",
    ["criSocket"],
    "criSocket",
    "",
    "/run/my.sock",
    "unix:///run/my.sock",
    "unix:///run/my.sock",
  ],
  imageSocket: [
    "image-socket",
    ["imageSocket"],
    "imageSocket",
    "",
    "unix:///run/other.sock",
    "/run/other.sock",
    "unix:///run/other.sock",
  ],
  addons: ["addons", ["addons"], "addons", {}, ["metrics"], { metrics: {} }, { metrics: {} }],
};
const named = Object.entries(rows);

test.each(named)("%s has its flag, keys and default", (name, [flag, file, stored, fallback]) => {
  const row: AnyField = specFields[name as keyof typeof specFields];
  expect([row.flag?.name, Object.keys(row.file), storedPath(row)]).toEqual([flag, file, stored]);
  expect(valueAt(resolveSpec({}, surroundings), stored)).toEqual(fallback);
});

test.each(named)(
  "%s given as a flag and in a file is stored the same way",
  async (name, [flag, [key = ""], stored, , asFlag, inFile, expected]) => {
    // The options belong to a driver, and images to a server that runs pods, so it is named as well.
    const more = {
      driverOptions: { driver: "one" },
      imageSocket: { criSocket: "unix:///run/my.sock" },
    }[name];
    const written = { apiVersion: "localkube/v1", kind: "Cluster", ...more, ...nest(key, inFile) };
    const file = await layerOf(written);
    const fromFile = resolveSpec({ file }, surroundings);
    expect(valueAt(fromFile, stored)).toEqual(expected);
    if (flag !== undefined) {
      const server = name === "imageSocket" ? { "cri-socket": "/run/my.sock" } : {};
      const flags = layerFromFlags({ ...server, [flag]: asFlag }, surroundings);
      expect(resolveSpec({ flags }, surroundings)).toEqual(fromFile);
    }
    // Through the record: JSON and its schema.
    const recorded = v.parse(clusterSpecSchema, JSON.parse(JSON.stringify(fromFile)));
    expect(recorded).toEqual(fromFile);
    // A stored spec is a valid file, and an existing cluster keeps its value.
    expect(resolveSpec({ file: await layerOf(recorded) }, surroundings)).toEqual(fromFile);
    expect(resolveSpec({ existing: recorded }, surroundings)).toEqual(fromFile);
  },
);

test("a record has the keys of all earlier releases, in their order", () => {
  const spec = resolveSpec({}, surroundings);
  const stored = JSON.stringify(v.parse(clusterSpecSchema, { extra: 1, ...spec }));
  expect(stored).toBe(
    '{"apiVersion":"localkube/v1","kind":"Cluster","name":"localkube","driver":"auto","driverOptions":{},"runtime":"cri",' +
      '"kubernetesVersion":"","artifacts":"auto","mirror":"","cpus":2,"memoryMiB":4096,"diskGiB":20,"os":"debian","image":"",' +
      '"cni":"bridge","serviceCidr":"10.96.0.0/12","podCidr":"10.244.0.0/16","extraConfig":{},"featureGates":{},' +
      '"apiServer":{"names":[],"ips":[],"port":0,"overSsh":true},"wait":["apiserver","node","system-pods","dns"],' +
      '"waitTimeoutSeconds":360,"keepContext":false,"embedCerts":false,' +
      '"ociRuntimes":[],"defaultOciRuntime":"runc",' +
      '"registries":{"mirrors":{},"insecure":[],"authorities":{},"logins":{},"hostProxy":true},"criSocket":"","imageSocket":"","addons":{}}',
  );
});

test("a stored value is taken as it is, and never read as a wish again", () => {
  // No parser would accept these; the schema of the record is what vouches for a stored value.
  const odd = {
    ...resolveSpec({}, surroundings),
    memoryMiB: 1,
    kubernetesVersion: "v1.9.0",
    mirror: "relative",
  };
  expect(resolveSpec({ existing: odd, flags: { cpus: "3" } }, surroundings)).toEqual({ ...odd, cpus: 3 });
});

test("a network that a stored one overlaps is refused", () => {
  const existing = resolveSpec({}, surroundings);
  expect(() => resolveSpec({ existing, flags: { podCidr: "10.96.0.0/16" } }, surroundings)).toThrow(
    expect.objectContaining({ id: "CIDR_OVERLAP" }) as Error,
  );
});

test("options of the former driver are left behind", () => {
  const existing = resolveSpec(
    { flags: { driver: "one", driverOptions: { "one-host": "h" } } },
    surroundings,
  );
  expect(resolveSpec({ existing, flags: { driver: "podman" } }, surroundings).driverOptions).toEqual({});
});

test("another row is read from flags and file, stored, compared and kept", async () => {
  const table = {
    ...specFields,
    nodes: field({
      flag: { name: "nodes", group: "MACHINE", value: "N", help: "Number of nodes" },
      file: { "machines.count": v.number() },
      stored: { "machines.count": v.number() },
      default: () => 1,
      parse: (value: string | number) => Number(value),
      change: "recreate",
    }),
  };
  const resolved = (sources: Parameters<typeof resolveSpec<typeof table>>[0]) =>
    resolveSpec(sources, surroundings, table);
  const existing = resolved({});
  expect(existing.machines).toEqual({ count: 1 });
  expect(v.parse(storedSchema(table), existing)).toEqual(existing);
  expect(() => v.parse(storedSchema(table), resolveSpec({}, surroundings))).toThrow("machines");

  const flags = layerFromFlags({ nodes: "3" }, surroundings, table);
  const wanted = resolved({ existing, flags });
  expect(wanted.machines.count).toBe(3);
  const settled = {
    driver: "podman",
    runtime: "containerd",
    kubernetesVersion: "v1.36.2",
    artifacts: "debian",
  };
  expect(diffSpec(existing, wanted, settled, [], table)).toEqual([
    { field: "nodes", flag: "nodes", from: "1", to: "3", effect: "recreate" },
  ]);

  const path = await fileOf({ apiVersion: "localkube/v1", kind: "Cluster", machines: { count: 2 } });
  expect(await readClusterFile(path, surroundings, table)).toEqual({ nodes: 2 });
  await expect(readClusterFile(path, surroundings)).rejects.toMatchObject({ id: "CONFIG_FILE_INVALID" });
});

const nest = (path: string, value: unknown): object => {
  const [group = "", key] = path.split(".");
  return key === undefined ? { [group]: value } : { [group]: { [key]: value } };
};

async function fileOf(content: object): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "localkube-fields-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, "localkube.yaml"), JSON.stringify(content));
  return join(folder, "localkube.yaml");
}

const layerOf = async (content: object | ClusterSpec) => readClusterFile(await fileOf(content), surroundings);

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readClusterFile } from "../../../src/spec/read-cluster-file.ts";
import { resolveSpec } from "../../../src/spec/resolve-spec.ts";
import { surroundingsOf } from "./surroundings.ts";

let folder = "";
let file = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-file-"));
  file = join(folder, "localkube.yaml");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const head = "apiVersion: localkube/v1\nkind: Cluster\n";
const surroundings = surroundingsOf();

async function read(text: string) {
  await writeFile(file, text);
  return readClusterFile(file, surroundings);
}

test("a whole file says the same as flags", async () => {
  const layer = await read(`${head}
name: demo          # the profile
driver: podman
kubernetesVersion: v1.36.2
cpus: 4
memory: 4G
mirror: mirror
cni: net.conflist
extraConfig:
  kubelet: { max-pods: 50, fail-swap-on: false }
featureGates: { AllAlpha: false }
apiServer: { names: [kube.example.org], ips: [192.0.2.1], port: 16443 }
wait: [apiserver]
waitTimeout: 2m
keepContext: true
`);
  expect(resolveSpec({ file: layer }, surroundings)).toMatchObject({
    name: "demo",
    driver: "podman",
    kubernetesVersion: "v1.36.2",
    cpus: 4,
    memoryMiB: 4096,
    mirror: join(folder, "mirror"),
    cni: join(folder, "net.conflist"),
    extraConfig: { kubelet: { "max-pods": "50", "fail-swap-on": "false" } },
    featureGates: { AllAlpha: false },
    apiServer: { names: ["kube.example.org"], ips: ["192.0.2.1"], port: 16_443 },
    wait: ["apiserver"],
    waitTimeoutSeconds: 120,
    keepContext: true,
    embedCerts: false,
  });
});

test("paths are the folder's, names and addresses of images stay", async () => {
  for (const [image, expected] of [
    ["disk.qcow2", join(folder, "disk.qcow2")],
    ["upstream", "upstream"],
    ["https://example.org/disk.qcow2", "https://example.org/disk.qcow2"],
  ] as const) {
    const layer = await read(`${head}os: flatcar\nimage: ${image}\n`);
    expect(resolveSpec({ file: layer }, surroundings)).toMatchObject({ os: "flatcar", image: expected });
  }
});

test("a stored spec is a valid file", async () => {
  const spec = resolveSpec({ flags: { extraConfig: ["etcd.v=1"], memory: "3G" } }, surroundings);
  expect(resolveSpec({ file: await read(JSON.stringify(spec)) }, surroundings)).toEqual(spec);
});

test.each([
  ["", 1, 1, "must be a mapping"],
  ["- a\n", 1, 1, "must be a mapping"],
  ["kind: Cluster\n", 1, 1, "the field apiVersion is missing"],
  ["apiVersion: localkube/v2\nkind: Cluster\n", 1, 13, 'apiVersion must be "localkube/v1"'],
  [`${head}cpu: 2\n`, 3, 1, "there is no field 'cpu'; did you mean 'cpus'?"],
  [`${head}cpus: two\n`, 3, 7, 'cpus must be number, not "two"'],
  [`${head}kubernetesVersion: 1.30\n`, 3, 20, "kubernetesVersion must be string, not 1.3"],
  [
    `${head}\nextraConfig:\n  kublet:\n    v: 4\n`,
    5,
    3,
    "there is no field 'kublet' in extraConfig; did you mean 'kubelet'?",
  ],
  [`${head}apiServer:\n  ips:\n    - 192.0.2.1\n    - 5\n`, 6, 7, "apiServer.ips.1 must be string"],
  [`${head}featureGates:\n  A: "true"\n`, 4, 6, "featureGates.A must be boolean"],
  [`${head}name: [a\n`, 4, 1, ""],
  [`${head}name: a\nname: b\n`, 4, 1, "unique"],
  [`${head}\tname: a\n`, 3, 1, "ab"],
])("%j is wrong at %d:%d", async (text, line, column, part) => {
  await expect(read(text)).rejects.toMatchObject({
    id: "CONFIG_FILE_INVALID",
    params: { file, line, column },
    message: expect.stringContaining(part) as string,
    exitCode: 2,
  });
});

test("a missing file and a folder are CONFIG_FILE_UNREADABLE", async () => {
  await expect(readClusterFile(file, surroundings)).rejects.toMatchObject({
    id: "CONFIG_FILE_UNREADABLE",
    message: expect.stringContaining("there is no such file") as string,
  });
  await expect(readClusterFile(folder, surroundings)).rejects.toMatchObject({ id: "CONFIG_FILE_UNREADABLE" });
});

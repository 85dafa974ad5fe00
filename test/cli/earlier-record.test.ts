import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, projectRoot, temporaryHome } from "./run-localkube.ts";

/** The state folder as an earlier release left it: a cluster with its keys, whose machine is not there any more. */
let home: string;
let record: string;
beforeEach(async () => {
  home = await temporaryHome();
  const folder = join(home, "state/clusters/old");
  record = join(folder, "cluster.json");
  await mkdir(join(folder, "ssh"), { recursive: true, mode: 0o700 });
  await copyFile(join(projectRoot, "test/fixtures/records/schema-3.json"), record);
  await writeFile(join(folder, "ssh/id_ed25519"), "a key", { mode: 0o600 });
});

const json = async (...argv: string[]) => {
  const { stdout, exitCode } = await localkube(home, [...argv, "--output", "json"]);
  return { exitCode, result: JSON.parse(stdout) as Record<string, unknown> };
};

test("a cluster of an earlier release is listed and its status shown; only a change rewrites its record", async () => {
  const before = await readFile(record, "utf8");
  const listed = await json("profile", "list");
  expect(listed.result["profiles"]).toEqual([
    expect.objectContaining({
      name: "old",
      driver: "podman",
      nodes: [{ name: "old", role: "control-plane", machine: expect.any(String) as string }],
    }),
  ]);
  const { result, exitCode } = await json("status", "-p", "old");
  expect(result).toMatchObject({
    ...{ name: "old", exists: true, kubernetesVersion: "v1.20.2", api: "unreachable" },
    nodes: [{ name: "old", role: "control-plane", node: "unknown", address: "10.89.7.2" }],
  });
  expect(exitCode).toBe(7);
  expect(await readFile(record, "utf8")).toBe(before);
  const updated = await localkube(home, ["update-context", "-p", "old"], { KUBECONFIG: join(home, "kube") });
  expect(updated.stderr).toBe("");
  expect(await readFile(join(home, "kube"), "utf8")).toContain("https://127.0.0.1:40002");
  const { machine, spec, ...old } = JSON.parse(before) as { machine: object; spec: object };
  expect(JSON.parse(await readFile(record, "utf8"))).toEqual({
    ...old,
    schema: 6,
    spec: {
      ...spec,
      ociRuntimes: [],
      defaultOciRuntime: "runc",
      registries: { mirrors: {}, insecure: [], authorities: {}, logins: {}, hostProxy: true },
      criSocket: "",
      imageSocket: "",
      addons: {},
    },
    nodes: [{ name: "old", role: "control-plane", machine }],
    userKubeconfig: join(home, "kube"),
    formerKubeconfigs: ["/home/alice/.kube/config", "/home/alice/other"],
  });
});

test.each([
  ["ssh", "--", "true"],
  ["cp", "/etc/hostname", ":/root/"],
  ["logs"],
  ["ip"],
  ["image", "ls"],
  ["image", "rm", "web"],
  ["image", "load", "web.tar"],
])("a node that is not there is refused with the names of those that are: %s %s %s", async (...argv) => {
  const at = argv.indexOf("--");
  const words =
    at < 0 ? [...argv, "--node", "odl"] : [...argv.slice(0, at), "--node", "odl", ...argv.slice(at)];
  const { stderr, exitCode } = await localkube(home, words, { LOCALKUBE_PROFILE: "old" });
  expect(stderr).toMatch(/^Error NODE_UNKNOWN: The cluster old has no node 'odl'.*did you mean 'old'/m);
  expect(stderr).toContain("Use one of its nodes: old");
  expect(exitCode).toBe(66);
});

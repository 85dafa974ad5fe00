import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HostContext } from "../../../../src/contract/host.ts";
import { withRequested } from "../../../../src/cluster/addons/requested.ts";
import { type ClusterRecord, recordSchema } from "../../../../src/state/cluster-record.ts";
import { saveCluster } from "../../../../src/state/store.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";

let stateDir: string;
beforeAll(async () => {
  stateDir = await mkdtemp(join(tmpdir(), "localkube-requested-"));
});
afterAll(() => rm(stateDir, { recursive: true, force: true }));

/** The addons that a request for a cluster with that runtime comes to. */
async function chosen(runtime: string, addon: string, set: Readonly<Record<string, string>> = {}) {
  const host = { stateDir, cacheDir: stateDir, env: { HOME: stateDir } } as unknown as HostContext;
  await saveCluster(host, {
    schema: recordSchema,
    spec: sampleSpec({ name: "sample" }),
    createdAt: "2026-11-28T00:00:00Z",
    phase: "stopped",
    driver: "podman",
    runtime,
    kubernetesVersion: "v1.35.0",
    artifactsSource: "upstream",
    nodes: [{ name: "sample", role: "control-plane" }],
    addresses: { kubernetesService: "10.96.0.1", clusterDns: "10.96.0.10" },
  } as unknown as ClusterRecord);
  const { signal } = new AbortController();
  const context = { host, signal, log: () => undefined, emit: () => undefined };
  const request = { name: "sample", addons: [addon], set: { [addon]: set }, setFromFiles: {}, limitMs: 1000 };
  return withRequested(request, context as unknown as Parameters<typeof withRequested>[1], (requested) =>
    Promise.resolve(requested.chosen.map(({ folder }) => folder.addon.name)),
  );
}

describe("what can be refused is, before anything is done:", () => {
  test("an OCI runtime where pods cannot choose", async () => {
    expect(await chosen("containerd", "gvisor")).toEqual(["gvisor"]);
    await expect(chosen("docker", "gvisor")).rejects.toMatchObject({
      id: "OCI_RUNTIME_NOT_TAKEN",
      message: expect.stringContaining("docker") as string,
    });
  });

  test("a login that this computer does not have, without which no start would succeed", async () => {
    await expect(chosen("docker", "registry-creds", { registries: "reg.example" })).rejects.toMatchObject({
      id: "REGISTRY_LOGIN_MISSING",
    });
    const file = join(stateDir, "robot.json");
    const auth = Buffer.from("robot:secret").toString("base64");
    await writeFile(file, JSON.stringify({ auths: { "reg.example": { auth } } }));
    const set = { registries: `reg.example=${file}` };
    expect(await chosen("docker", "registry-creds", set)).toEqual(["registry-creds"]);
  });
});

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { builtInAddon } from "../../../../src/addons/catalogue.ts";
import { enableAddon } from "../../../../src/addons/enable.ts";
import { rememberAddons, takeAddonsBack } from "../../../../src/cluster/addons/atomic.ts";
import { chooseAddon } from "../../../../src/cluster/addons/choose.ts";
import { liveCluster } from "../../../../src/cluster/addons/live-cluster.ts";
import { withAddons } from "../../../../src/cluster/addons/record.ts";
import type { PipelineEvent } from "../../../../src/pipeline/events.ts";
import type { ClusterRecord } from "../../../../src/state/cluster-record.ts";
import { loadCluster, saveCluster } from "../../../../src/state/store.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";
import { MemoryApi } from "../../addons/memory-api.ts";

test("record and cluster are as before, and that is said", async () => {
  const home = await mkdtemp(join(tmpdir(), "atomic-"));
  const host = { stateDir: join(home, "state"), cacheDir: join(home, "cache") };
  const record = {
    schema: 6,
    spec: sampleSpec({ addons: { metrics: {} } }),
    createdAt: "2026-01-02T03:04:05.000Z",
    phase: "running",
    driver: "podman",
    runtime: "containerd",
    kubernetesVersion: "v1.20.2",
    artifactsSource: "debian",
    nodes: [{ name: "sample", role: "control-plane" }],
    addresses: { kubernetesService: "10.96.0.1", clusterDns: "10.96.0.10" },
    formerAddons: { storage: { purge: true } },
  } as unknown as ClusterRecord;
  await saveCluster(host, record);
  const events: PipelineEvent[] = [];
  const signal = new AbortController().signal;
  const context = {
    ...{ host, signal, log: () => undefined },
    emit: (event: PipelineEvent) => void events.push(event),
  } as unknown as Parameters<typeof takeAddonsBack>[3];
  const api = new MemoryApi();
  const live = liveCluster(record, {} as never, api.client, []);
  const chosen = [chooseAddon(await builtInAddon("storage"), {}, {}, record)];

  const before = await rememberAddons(chosen, live, signal);
  await saveCluster(host, withAddons(record, chosen));
  expect((await loadCluster(host, "sample"))?.spec.addons).toHaveProperty("storage");
  const settings = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "default" } };
  await enableAddon(
    { name: "storage", version: "1", options: {}, objects: [settings] },
    { objects: live.objects, signal, report: () => undefined, wait: () => Promise.resolve() },
  );
  expect(api.has("configmaps/a")).toBe(true);

  await takeAddonsBack(before, { chosen, staged: undefined, known: [] }, live, context);
  expect(await loadCluster(host, "sample")).toEqual(record);
  expect(api.has("configmaps/a")).toBe(false);
  expect(api.has("configmaps/storage")).toBe(false);
  const texts = events.flatMap((event) => (event.type === "notice" ? [event.text] : []));
  expect(texts).toEqual(["Everything was taken back: the addons of sample are as they were"]);
});

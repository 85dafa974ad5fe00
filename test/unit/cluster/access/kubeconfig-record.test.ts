import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { kubeconfigChange, mergedKubeconfigs } from "../../../../src/cluster/access/kubeconfig-input.ts";
import type { ClusterBase } from "../../../../src/cluster/start/state.ts";
import { kubeconfig } from "../../../../src/cluster/start/steps/kubeconfig.ts";
import type { RunContext } from "../../../../src/contract/host.ts";
import { mergeKubeconfig } from "../../../../src/provision/kubeconfig/merge-kubeconfig.ts";
import type { ClusterRecord } from "../../../../src/state/cluster-record.ts";
import { userPlaces } from "../../host/user-places.ts";

const { at, path } = userPlaces();

test("each kubeconfig is recorded once, the last one first", () => {
  let record = {} as ClusterRecord;
  expect(mergedKubeconfigs(record)).toBeUndefined();
  for (const file of ["/a", "/a", "/b", "/a", "/c"])
    record = { ...record, ...kubeconfigChange(record, file) };
  expect(mergedKubeconfigs(record)).toEqual(["/c", "/a", "/b"]);
});

test("delete takes the entries out of every file they were merged into", async () => {
  const input = {
    ...{ name: "demo", server: "https://127.0.0.1:1", embedCerts: false, keepContext: false },
    ...{ caFile: "/ca", certFile: "/crt", keyFile: "/key" },
  };
  writeFileSync(path("second"), "apiVersion: v1\nkind: Config\n# mine\n");
  const env = { HOME: at.folder, KUBECONFIG: path("second") };
  for (const name of ["first", "second"]) await mergeKubeconfig(input, { env }, { file: path(name) });
  const record = {
    spec: { name: "demo" },
    nodes: [{ name: "demo", role: "control-plane" }],
    userKubeconfig: path("second"),
    formerKubeconfigs: [path("first"), path("gone")],
  };
  const base = { record, host: { env } } as unknown as ClusterBase;
  const signal = new AbortController().signal;
  await kubeconfig.undo?.run(base, { signal } as RunContext);
  expect(existsSync(path("first"))).toBe(false);
  expect(readFileSync(path("second"), "utf8")).not.toContain("demo");
});

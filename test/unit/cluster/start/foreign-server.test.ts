import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { askForeignServer } from "../../../../src/cluster/start/steps/cri-server.ts";
import type { Transport } from "../../../../src/contract/transport.ts";
import { runtimeByName } from "../../../../src/runtimes/registry.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";
import { fakeCri, localSockets } from "../../runtimes/cri/fake-cri.ts";
import { recordOfThree } from "../several-nodes.ts";

/** A containerd that has loaded a pod network with these addresses. */
async function networkOf(subnet: string) {
  const folder = mkdtempSync(join(tmpdir(), "localkube-foreign-"));
  const cri = await fakeCri(join(folder, "cri.sock"), "v1alpha2");
  onTestFinished(async () => {
    cri.close();
    await rm(folder, { recursive: true, force: true });
  });
  const source = JSON.stringify({ type: "bridge", ipam: { type: "host-local", subnet } });
  const conditions = ["RuntimeReady", "NetworkReady"].map((type) => ({ type, status: true }));
  const cniconfig = JSON.stringify({ Networks: [{ Config: { Plugins: [{ Source: source }] } }] });
  cri.instead.set("Version", { runtimeName: "containerd", runtimeVersion: "1.6.20" });
  cri.instead.set("Status", { status: { conditions }, info: { cniconfig } });
  const runtime = runtimeByName(`unix://${cri.path}`).at(20)!;
  const transport = {
    ...localSockets,
    exec: () => Promise.resolve({ exitCode: 0, stdout: "", stderr: "" }),
  } as unknown as Pick<Transport, "exec" | "connectSocket">;
  return (change: Parameters<typeof sampleSpec>[0]) =>
    askForeignServer(
      { runtime, record: { ...recordOfThree(), phase: "creating", spec: sampleSpec(change) } },
      transport,
      new AbortController().signal,
    );
}

test("a pod network with other addresses than the cluster's is refused with the pod CIDR that fits", async () => {
  const ask = await networkOf("10.88.0.0/16");
  await expect(ask({})).rejects.toMatchObject({
    id: "CRI_NETWORK_DIFFERS",
    fix: "Name that network: localkube start -p sample --recreate --pod-cidr 10.88.0.0/16",
  });
  for (const podCidr of ["10.88.0.0/16", "10.0.0.0/8"])
    expect(await ask({ podCidr })).toMatchObject({ hasNetwork: true });
  // What was asked for explicitly is given to the server, whatever it has.
  expect(await ask({ cni: "/net.conflist" })).toMatchObject({ hasNetwork: true });
});

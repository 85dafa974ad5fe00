import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { planArtifacts } from "../../../../src/artifacts/artifact-set.ts";
import type { HostContext } from "../../../../src/contract/host.ts";
import { withOciPrograms } from "../../../../src/cluster/start/plan-oci-programs.ts";
import { artifactWishes } from "../../../../src/cluster/start/wishes.ts";
import type { ClusterRecord } from "../../../../src/state/cluster-record.ts";
import { sampleSpec } from "../../../fixtures/sample-spec.ts";

let cacheDir: string;
beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "localkube-plan-"));
});
afterAll(() => rm(cacheDir, { recursive: true, force: true }));

test("a start gets the programs of OCI runtimes that only addons bring, for the version and from the source that it has", async () => {
  const host = { env: {}, arch: "amd64", platform: "linux", cacheDir } as unknown as HostContext;
  const request = { kubernetesVersion: "v1.35.0", artifacts: "upstream", mirror: "" } as const;
  const plan = await planArtifacts(request, (version) => artifactWishes(version, "containerd"), host);
  const record = { runtime: "containerd", spec: sampleSpec({}) } as unknown as ClusterRecord;
  const programs = async (names: readonly string[]) =>
    (await withOciPrograms(plan, record, names, host)).wishes.programs.map(({ name }) => name);
  expect(await programs([])).not.toContain("runsc");
  expect(await programs(["runsc"])).toEqual(expect.arrayContaining(["runsc", "containerd-shim-runsc-v1"]));
  expect(await withOciPrograms(plan, record, ["runsc"], host)).toMatchObject({
    ...{ source: "upstream", kubernetesVersion: "v1.35.0", reason: plan.reason },
  });
});

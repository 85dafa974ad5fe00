import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { removeDiscoveryCache } from "../../../src/provision/kubeconfig/remove-discovery-cache.ts";

it("removes one server's discovery and leaves the others'", async () => {
  const home = await mkdtemp(join(tmpdir(), "localkube-discovery-"));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const cache = join(home, ".kube/cache/discovery");
  await mkdir(join(cache, "127.0.0.1_20001/v1"), { recursive: true });
  await mkdir(join(cache, "127.0.0.1_20002"));
  const host = { env: { HOME: home } };
  await removeDiscoveryCache("https://127.0.0.1:20001", host);
  await removeDiscoveryCache("https://127.0.0.1:20001", host);
  expect(await readdir(cache)).toEqual(["127.0.0.1_20002"]);
});

import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addonByName, builtInAddons, readAddonFolder, withNeeds } from "../../../src/addons/catalogue.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "localkube-addons-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function add(name: string, more = ""): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(
    join(folder, name, "addon.yaml"),
    `name: ${name}
summary: A test
licence: Apache-2.0
homepage: https://${name}.example
namespace: ${name}
memoryMiB: 1
versions:
  - {kubernetes: ">=1.20", artifacts: debian, version: "1", objects: [a.yaml]}
probe: {type: api, path: /healthz}
${more}`,
  );
}
const names = (addons: Awaited<ReturnType<typeof builtInAddons>>) => addons.map(({ addon }) => addon.name);
const refusal = (act: () => unknown): string => {
  try {
    act();
  } catch (error) {
    return `${(error as { id: string }).id} ${(error as Error).message}`;
  }
  return "taken";
};

test("each folder is an addon of its name; a file that is wrong is named", async () => {
  await add("web");
  await add("dns");
  expect(names(await builtInAddons(folder))).toEqual(["dns", "web"]);
  await writeFile(join(folder, "web/addon.yaml"), "name: [");
  await expect(builtInAddons(folder)).rejects.toThrow(/web cannot be used: addon\.yaml: line 1/);
  await rm(join(folder, "web/addon.yaml"));
  await expect(readAddonFolder(join(folder, "web"))).rejects.toThrow(/addon\.yaml: there is no such file/);
});

test("an unknown name is refused with the nearest one", async () => {
  await add("metrics");
  const known = await builtInAddons(folder);
  expect(refusal(() => addonByName("metric", known))).toBe(
    "ADDON_UNKNOWN There is no addon 'metric'; did you mean 'metrics'?",
  );
});

test("what an addon needs comes before it, once", async () => {
  await add("storage");
  await add("registry", "needs: [storage]");
  await add("builds", "needs: [registry, storage]");
  const known = await builtInAddons(folder);
  expect(names(withNeeds(["builds", "registry"], known))).toEqual(["storage", "registry", "builds"]);
  await add("storage", "needs: [builds]");
  expect(refusal(() => withNeeds(["storage"], []))).toContain("ADDON_UNKNOWN");
  const circle = await builtInAddons(folder);
  expect(refusal(() => withNeeds(["storage"], circle))).toContain(
    "its needs lead back to it: storage needs builds needs registry needs storage",
  );
});

test("two that cannot be beside each other are refused, whoever says so, also with one that is enabled", async () => {
  await add("traefik", "provides: [ingress-class]");
  await add("haproxy", "provides: [ingress-class]");
  await add("mesh", "conflicts: {traefik: both take port 80}");
  const known = await builtInAddons(folder);
  expect(refusal(() => withNeeds(["traefik", "haproxy"], known))).toContain("both provide the ingress class");
  expect(refusal(() => withNeeds(["traefik"], known, ["mesh"]))).toBe(
    "ADDON_CONFLICT The addon traefik cannot be enabled beside mesh: both take port 80",
  );
  expect(names(withNeeds(["mesh"], known, ["haproxy"]))).toEqual(["mesh"]);
});

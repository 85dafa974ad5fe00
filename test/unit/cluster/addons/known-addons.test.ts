import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { brokenAddons, knownAddons } from "../../../../src/cluster/addons/known-addons.ts";

const addon = (name: string, needs: readonly string[] = []) => ({
  ...{ name, summary: name, licence: "MIT", homepage: "https://example.org", namespace: name },
  ...{ memoryMiB: 1, needs, versions: [{ kubernetes: ">=1.20", artifacts: "debian", version: "1" }] },
  probe: { type: "http", service: name, port: 80 },
});

test("a broken folder is left out with what needs it, and refused when it is named", async () => {
  const own = await mkdtemp(join(tmpdir(), "own-addons-"));
  const texts = {
    good: stringify(addon("good", ["storage"])),
    bad: "name: other\n",
    needy: stringify(addon("needy", ["bad"])),
    needier: stringify(addon("needier", ["needy"])),
    // As a folder that had its name before localkube brought one of it.
    registry: "",
  };
  for (const [name, text] of Object.entries(texts)) {
    await mkdir(join(own, name));
    await writeFile(join(own, name, "addon.yaml"), text);
  }
  const names = (await knownAddons(own)).map((one) => one.addon.name);
  expect(names).toEqual(expect.arrayContaining(["good", "storage"]));
  expect(names).toEqual(expect.not.arrayContaining(["bad", "needy", "needier", "registry"]));
  const broken = await brokenAddons(own);
  expect(broken.map(({ name }) => name).sort()).toEqual(["bad", "needier", "needy", "registry"]);
  expect(broken.find(({ name }) => name === "needier")?.error.message).toContain(
    "it needs needy, which is no addon, or cannot be used",
  );
  await expect(knownAddons(own, ["storage", "bad"])).rejects.toMatchObject({ id: "ADDON_INVALID" });
  await expect(knownAddons(own, ["needier"])).rejects.toMatchObject({ id: "ADDON_INVALID" });
});

test("without a cluster there are those that localkube brings", async () => {
  const own = join(tmpdir(), "no-such-folder");
  expect((await knownAddons()).length).toBeGreaterThan(5);
  expect(await knownAddons(own)).toEqual(await knownAddons());
});

import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keptFiles } from "../../../scripts/test/kept-files.ts";
import { digests, testInputs } from "../../../scripts/test/test-inputs.ts";

const repository = join(import.meta.dirname, "../../..");

describe("testInputs", () => {
  let root: string;
  const put = async (file: string, text: string) => {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), text);
  };
  const runs = { drivers: ["one"], children: ["test/contract/child.ts"] };
  const now = async () =>
    JSON.stringify(await digests(root, await testInputs(root, "test/vm/a.test.ts", runs)));

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "localkube-inputs-"));
    await put(
      "test/vm/a.test.ts",
      `import "../rigs/box/rig.ts"; import pkg from "vitest"; await import("../../src/lazy.ts"); pkg;`,
    );
    await put("test/rigs/box/rig.ts", `export const program = "stand-in/run.ts";`);
    await put("test/rigs/box/stand-in/run.ts", `import "../../../../src/only-in-the-rig.ts";`);
    await put("test/rigs/other/rig.ts", "export {};");
    await put("test/contract/child.ts", `import "../../src/driver-registry.ts";`);
    await put(
      "src/driver-registry.ts",
      `export const load = [() => import("../drivers/one/index.ts"), () => import("../drivers/two/index.ts")];`,
    );
    await put("drivers/one/index.ts", `import "./deep.ts";`);
    await put("drivers/one/types.ts", "export interface One {}");
    for (const file of [
      "drivers/one/deep.ts",
      "drivers/two/index.ts",
      "src/lazy.ts",
      "src/only-in-the-rig.ts",
      "src/unrelated.ts",
    ])
      await put(file, `export const text = "${file}"; console.log(text);`);
    for (const file of [
      "templates/unit.service",
      "test/fixtures/a/b.txt",
      "package.json",
      "package-lock.json",
      "tsconfig.json",
      "vitest.config.ts",
    ])
      await put(file, file.endsWith("json") ? "{}" : "// as it was");
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  it.each([
    "test/vm/a.test.ts",
    "test/rigs/box/rig.ts",
    "test/rigs/box/stand-in/run.ts",
    "test/contract/child.ts",
    "src/driver-registry.ts",
    "src/lazy.ts",
    "src/only-in-the-rig.ts",
    "drivers/one/index.ts",
    "drivers/one/deep.ts",
    "drivers/one/types.ts",
    "templates/unit.service",
    "test/fixtures/a/b.txt",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vitest.config.ts",
  ])("counts %s", async (file) => {
    const before = await now();
    await put(file, `${await readFile(join(root, file), "utf8")} `);
    expect(await now()).not.toBe(before);
  });

  it.each(["src/unrelated.ts", "drivers/two/index.ts", "test/rigs/other/rig.ts", "README.md"])(
    "does not count %s",
    async (file) => {
      const before = await now();
      await put(file, "// changed");
      expect(await now()).toBe(before);
    },
  );

  it("counts a file that came, and one that went", async () => {
    const before = await now();
    await put("templates/new", "");
    const more = await now();
    expect(more).not.toBe(before);
    await rm(join(root, "templates/new"));
    expect(await now()).toBe(before);
    await rm(join(root, "templates/unit.service"));
    expect(await now()).not.toBe(before);
  });

  it("rejects when a module is missing", async () => {
    await rm(join(root, "src/lazy.ts"));
    await expect(now()).rejects.toThrow("lazy.ts");
  });
});

it("test files that the configuration names are there", async () => {
  const text = await readFile(join(repository, "vitest.config.ts"), "utf8");
  const named = [...text.matchAll(/"(test\/[^"*]+)"/g)].map(([, file = ""]) => file);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((file) => !existsSync(join(repository, file)))).toEqual([]);
});

describe("the kept files", () => {
  const known = new Map<string, Promise<readonly string[]>>();
  const inputsOf = (file: string) => {
    const inputs = known.get(file) ?? testInputs(repository, file, keptFiles[file]);
    known.set(file, inputs);
    return inputs;
  };
  const below = async (folder: string) =>
    (await readdir(join(repository, folder), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile() && !entry.name.endsWith(".md"))
      .map((entry) => join(entry.parentPath, entry.name).slice(repository.length + 1));

  it.each(Object.keys(keptFiles))("%s is there and depends on what is common to all", async (file) => {
    expect(existsSync(join(repository, file))).toBe(true);
    expect(await inputsOf(file)).toEqual(
      expect.arrayContaining([file, "package-lock.json", "vitest.config.ts", ...(await below("templates"))]),
    );
  });

  it.each([
    ["test/vm/driver-virtualbox.test.ts", "virtualbox"],
    ["test/vm/driver-vmware.test.ts", "vmware"],
    ["test/contract/driver-packet.test.ts", "packet"],
  ])(
    "%s depends on its whole driver, its rig, the suite and the child process, and on no other driver",
    async (file, driver) => {
      const inputs = await inputsOf(file);
      const whole = [...(await below(`drivers/${driver}`)), ...(await below(`test/rigs/${driver}`))];
      const suite = ["driver-suite.ts", "driver-world.ts", "driver-create-child.ts"].map(
        (name) => `test/contract/${name}`,
      );
      expect(inputs).toEqual(expect.arrayContaining([...whole, ...suite]));
      expect(inputs).not.toContain("drivers/docker/index.ts");
    },
  );

  // A cluster is made by the built program, which no import shows.
  it.each(Object.keys(keptFiles))(
    "%s counts the program's sources when it runs the program",
    async (file) => {
      const text = await readFile(join(repository, file), "utf8");
      const runsIt = /\bworkspace\(|\blauncher\b/.test(text);
      expect(keptFiles[file]?.program ?? false).toBe(runsIt);
      if (runsIt)
        expect(await inputsOf(file)).toEqual(
          expect.arrayContaining([...(await below("src")), "scripts/build.mjs", "bin/localkube"]),
        );
    },
  );

  it.each(Object.keys(keptFiles))(
    "%s counts the child process when it runs the driver contract",
    async (file) => {
      const text = await readFile(join(repository, file), "utf8");
      expect((keptFiles[file]?.children ?? []).length > 0).toBe(text.includes("driverSuite("));
    },
  );
});

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});

describe("addons", () => {
  test.each([
    [["enable"], 2, /^Error USAGE_MISSING_ARGUMENT: addons enable needs the argument NAME/],
    [["disable"], 2, /^Error USAGE_MISSING_ARGUMENT: addons disable needs the argument NAME/],
    [["enable", "web", "--set", "web"], 2, /^Error ADDON_OPTION_MALFORMED: --set web: '=' is missing/],
    [["enable", "web", "--wait-timeout", "soon"], 2, /^Error WAIT_TIMEOUT_INVALID: /],
    [["enable", "web"], 66, /^Error CLUSTER_UNKNOWN: /],
    [["open", "web"], 66, /^Error CLUSTER_UNKNOWN: /],
    [["upgrade"], 66, /^Error CLUSTER_UNKNOWN: /],
    [["disable", "web"], 66, /^Error CLUSTER_UNKNOWN: /],
    [["test", "web"], 66, /^Error CLUSTER_UNKNOWN: /],
    [["show", "no-such-addon"], 66, /^Error ADDON_UNKNOWN: There is no addon 'no-such-addon'/],
    [["images", "no-such-addon"], 66, /^Error ADDON_UNKNOWN: /],
  ])("%j ends with %i", async (words, code, text) => {
    const { exitCode, stdout, stderr } = await localkube(home, ["addons", ...words]);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: "" });
    expect(stderr).toMatch(text);
  });

  test("are listed without a cluster", async () => {
    const { exitCode, stdout } = await localkube(home, ["addons", "list", "--output", "json"]);
    expect(exitCode).toBe(0);
    const { addons } = JSON.parse(stdout) as { addons: { state: string }[] };
    expect(addons.every(({ state }) => state === "disabled")).toBe(true);
  });

  test("a value of --set is never repeated", async () => {
    const { stderr } = await localkube(home, ["addons", "enable", "web", "--set", "password=hidden"]);
    expect(stderr).toContain("--set password: '.' between addon and option is missing");
    expect(stderr).not.toContain("hidden");
  });

  test("secrets are taken from files, and only for a cluster that keeps them", async () => {
    await storeCluster(home, "localkube");
    const enable = (...words: string[]) => localkube(home, ["addons", "enable", "openstack", ...words]);
    const open = await enable("--set", "openstack.admin-password=hidden");
    expect(open.exitCode).toBe(2);
    expect(open.stderr).toMatch(/^Error ADDON_SECRET_OPEN: .*\n.*--set-file openstack\.admin-password=FILE/s);
    expect(open.stderr).not.toContain("hidden");
    const file = join(home, "password");
    await writeFile(file, "hidden\n");
    const stopped = await enable("--set-file", `openstack.admin-password=${file}`);
    expect(stopped.exitCode).toBe(69);
    expect(stopped.stderr).toMatch(/^Error ADDON_SECRET_NOT_KEPT: /);
    expect(await readFile(join(home, "state/clusters/localkube/cluster.json"), "utf8")).not.toMatch(
      /hidden|openstack/,
    );
    const config = join(home, "localkube.yaml");
    const content =
      "apiVersion: localkube/v1\nkind: Cluster\naddons: { openstack: { admin-password: hidden } }\n";
    await writeFile(config, content);
    const started = await localkube(home, ["start", "--config", config]);
    expect(started.exitCode).toBe(2);
    expect(started.stderr).toMatch(/Error ADDON_SECRET_OPEN: /);
  });

  test("a broken folder of the user's keeps nobody from using the others", async () => {
    await storeCluster(home, "localkube");
    const folder = join(home, "state/clusters/localkube/addons/mine");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "addon.yaml"), "name: [\n");
    const addons = (...words: string[]) => localkube(home, ["addons", ...words]);
    const list = await addons("list", "--output", "json");
    expect(list.exitCode).toBe(0);
    const listed = (JSON.parse(list.stdout) as { addons: { name: string; problem?: string }[] }).addons;
    const problem = /The addon in .*mine cannot be used: addon\.yaml: line 2/;
    expect(listed.find(({ name }) => name === "mine")?.problem).toMatch(problem);
    expect(await addons("enable", "storage")).toMatchObject({ exitCode: 0 });
    expect(await addons("disable", "storage")).toMatchObject({ exitCode: 0 });
    for (const verb of ["enable", "show", "test"]) {
      const { exitCode, stderr } = await addons(verb, "mine");
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/^Error ADDON_INVALID: /);
      expect(stderr).toMatch(problem);
    }
  });

  test("a folder of the user's is enabled by its path, and gone when it is disabled", async () => {
    await storeCluster(home, "localkube");
    const mine = join(home, "mine");
    await mkdir(mine);
    const text = `{ name: mine, summary: mine, licence: MIT, homepage: "https://example.org", namespace: mine, memoryMiB: 1,
      versions: [{ kubernetes: ">=1.20", artifacts: debian, version: "1", node: { flags: { kubelet: { v: "2" } } } }],
      probe: { type: http, service: mine, port: 80 } }`;
    await writeFile(join(mine, "addon.yaml"), text);
    const addons = (...words: string[]) => localkube(home, ["addons", ...words]);
    const record = () => readFile(join(home, "state/clusters/localkube/cluster.json"), "utf8");
    const untrusted = await addons("enable", "--from", mine);
    expect(untrusted.exitCode).toBe(2);
    expect(untrusted.stderr).toMatch(/^Error ADDON_UNTRUSTED: .* kubelet\.v\n.*--trust/s);
    expect(await record()).not.toContain("mine");
    expect(await addons("enable", "--trust", "storage")).toMatchObject({ exitCode: 2 });
    const preview = await addons("enable", "--from", mine, "--trust", "--dry-run");
    expect(preview).toMatchObject({
      exitCode: 0,
      stdout:
        "mine 1\n  its objects are not compared, because the cluster does not run\n  node    kubelet.v\n",
    });
    const asJson = await addons("enable", "--from", mine, "--trust", "--dry-run", "--output", "json");
    expect(JSON.parse(asJson.stdout)).toEqual({
      name: "localkube",
      dryRun: true,
      addons: [{ name: "mine", version: "1", images: [], nodes: ["kubelet.v"] }],
    });
    expect(await record()).not.toContain("mine");
    const enabled = await addons("enable", "storage", "--from", mine, "--trust");
    expect(enabled).toMatchObject({
      exitCode: 0,
      // What sets flags comes first.
      stdout:
        "mine 1 will be enabled at the next start of localkube\nstorage 1 will be enabled at the next start of localkube\n",
    });
    expect(await addons("enable", "mine")).toMatchObject({ exitCode: 0 });
    expect(await addons("disable", "mine")).toMatchObject({ exitCode: 0 });
    expect(await record()).toMatch(/"formerAddons": \{\s+"mine"/);
  });

  test("only what is enabled and shows something is opened, and only what is enabled is upgraded", async () => {
    await storeCluster(home, "localkube");
    const addons = (...words: string[]) => localkube(home, ["addons", ...words]);
    const failing: readonly (readonly [readonly string[], RegExp])[] = [
      [["open", "storage"], /^Error ADDON_NOTHING_TO_OPEN: The addon storage shows nothing to browsers/],
      [["open", "monitoring", "--url"], /^Error ADDON_NOT_ENABLED: /],
      [["open", "no-such-addon"], /^Error ADDON_UNKNOWN: /],
      [["upgrade", "storage"], /^Error ADDON_NOT_ENABLED: /],
      [["upgrade", "no-such-addon"], /^Error ADDON_UNKNOWN: /],
    ];
    for (const [words, text] of failing) {
      const { exitCode, stderr } = await addons(...words);
      expect(exitCode).toBe(66);
      expect(stderr).toMatch(text);
    }
  });

  test("start refuses a mistyped one before anything is made", async () => {
    const { exitCode, stderr } = await localkube(home, ["start", "--addons", "no-such-addon"]);
    expect(exitCode).toBe(66);
    expect(stderr).toMatch(/^Error ADDON_UNKNOWN: There is no addon 'no-such-addon'/);
    await expect(readFile(join(home, "state/clusters/localkube/cluster.json"))).rejects.toThrow("ENOENT");
  });
});

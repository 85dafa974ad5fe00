import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { kubectl } from "./kit/kubectl.ts";
import { profileOfRun, type Workspace, workspace } from "./kit/workspace.ts";

/** The addon that CONTRIBUTING.md makes from nothing: it has to work as it is written there. */
describe("an addon of one's own", () => {
  const profile = profileOfRun("e2e-own-addon");
  let user: Workspace;
  let folder: string;
  const k = (...args: string[]) => kubectl(user, profile)(...args);
  const enable = (...flags: string[]) => [
    "addons",
    "enable",
    "--from",
    folder,
    "-p",
    profile,
    "--output",
    "json",
    ...flags,
  ];
  const disable = ["addons", "disable", "hello", "-p", profile, "--output", "json"];
  const hello = async () => {
    const { stdout } = await user.ok(["addons", "list", "-p", profile, "--output", "json"]);
    const { addons } = JSON.parse(stdout) as {
      addons: readonly { readonly name: string; readonly state: string; readonly version?: string }[];
    };
    return addons.find(({ name }) => name === "hello");
  };
  const page = () => k("get", "--raw", "/api/v1/namespaces/hello/services/hello/proxy/");
  /** What there is of it in the cluster, its own list included. */
  const traces = async () =>
    (await k("get", "namespaces,configmaps,deployments,services", "-A", "-o", "name"))
      .split("\n")
      .filter((name) => name.endsWith("/hello"));

  /** Where a call is killed: so long (ms) after the nth event of a step. */
  interface Moment {
    readonly step: string;
    readonly event: number;
    readonly afterMs: number;
  }
  const killedAt = async (argv: readonly string[], { step, event, afterMs }: Moment) => {
    let seen = 0;
    const { signal } = await user.run(argv, {
      onEvent: ({ data }, kill) => {
        if (data["id"] === step && ++seen === event) setTimeout(() => kill("SIGKILL"), afterMs);
      },
    });
    expect(signal).toBe("SIGKILL");
  };

  beforeAll(async () => {
    user = await workspace();
    folder = join(user.home, "hello");
    await mkdir(folder);
    const text = await readFile(join(import.meta.dirname, "../../CONTRIBUTING.md"), "utf8");
    for (const [, file, content] of text.matchAll(/```yaml\n# addons\/hello\/(\S+)\n(.*?)```/gs))
      await writeFile(join(folder, file!), content!);
    await user.ok(["start", "-p", profile, "--driver", "podman", "--artifacts", "debian"]);
  });
  afterAll(async () => {
    await user?.dispose();
  });

  it.each<[Moment, Moment]>([
    [
      { step: "addon-images", event: 1, afterMs: 0 },
      { step: "addon-hello", event: 1, afterMs: 0 },
    ],
    [
      { step: "addon-hello", event: 1, afterMs: 0 },
      { step: "addon-hello", event: 2, afterMs: 60 },
    ],
    [
      { step: "addon-hello", event: 2, afterMs: 0 },
      { step: "addon-hello", event: 3, afterMs: 0 },
    ],
  ])("goes on after enabling was killed at %o, and disabling at %o", async (enabling, disabling) => {
    await killedAt(enable(), enabling);
    await user.ok(enable());
    expect(await hello()).toMatchObject({ state: "healthy", version: "1" });
    await killedAt(disable, disabling);
    await user.ok(disable);
    expect(await traces()).toEqual([]);
  });

  it("takes a setting", async () => {
    await user.ok(enable("--set", "hello.text=hello, world"));
    expect(await page()).toBe("hello, world");
  });

  it("is brought to another version", async () => {
    // As another localkube would have left it.
    const list = await k("get", "configmap", "hello", "-n", "localkube-addons", "-o", "json");
    const { data } = JSON.parse(list) as { data: Record<string, string> };
    const older = { ...JSON.parse(data["inventory.json"]!), version: "0.9", hash: "0" } as object;
    await k(
      ...["patch", "configmap", "hello", "-n", "localkube-addons", "-p"],
      JSON.stringify({ data: { "inventory.json": JSON.stringify(older) } }),
    );
    expect(await hello()).toMatchObject({ state: "outdated" });
    const { stdout } = await user.ok(["addons", "upgrade", "-p", profile, "--output", "json"]);
    expect(stdout).toContain('"from":"0.9","to":"1"');
    expect(await hello()).toMatchObject({ state: "healthy", version: "1" });
    expect(await page()).toBe("hello, world");
  });

  it("is brought back where a call with --atomic fails", async () => {
    const file = join(folder, "addon.yaml");
    const addon = await readFile(file, "utf8");
    await writeFile(
      file,
      addon.replace('version: "1"', 'version: "2"').replace("contains: hello", "contains: bye"),
    );
    const failed = await user.run(enable("--atomic", "--wait-timeout", "5s", "--set", "hello.text=other"));
    await writeFile(file, addon);
    expect(failed.exitCode).not.toBe(0);
    expect(failed.stdout).toContain("ADDON_PROBE_FAILED");
    expect(await hello()).toMatchObject({ state: "healthy", version: "1" });
    expect(await k("get", "configmap", "page", "-n", "hello", "-o", "jsonpath={.data}")).toContain(
      "hello, world",
    );
  });
});

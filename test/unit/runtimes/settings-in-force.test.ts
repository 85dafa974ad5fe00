import { parse, stringify } from "smol-toml";
import { describe, expect, test } from "vitest";
import type { RuntimeInput } from "../../../src/contract/runtime.ts";
import { lostSettings } from "../../../src/runtimes/lost-settings.ts";
import { runtimeFor } from "../../../src/runtimes/registry.ts";

const input = (runtimeVersion: string): RuntimeInput => ({
  runtimeVersion,
  pauseImage: "registry.k8s.io/pause:3.9",
  cgroupDriver: "systemd",
  restrictOomScoreAdj: true,
  cniBinDir: "/usr/lib/cni",
  handlers: [],
  defaultHandler: "runc",
  registries: [],
});

test("settings are compared by their paths, whatever spelling a program has for them", () => {
  const wanted = { cni: { bin_dir: "/a", dirs: ["/b"] }, on: true };
  expect(lostSettings(wanted, { cni: { binDir: "/a", dirs: ["/b"], more: 1 }, on: true, other: {} })).toEqual(
    [],
  );
  expect(lostSettings(wanted, { cni: { binDir: "/x", dirs: ["/b", "/c"] }, on: false })).toEqual([
    "cni.bin_dir",
    "cni.dirs",
    "on",
  ]);
  expect(lostSettings(wanted, { on: true })).toEqual(["cni"]);
  expect(lostSettings(wanted, { on: true }, "unknown")).toEqual([]);
  expect(lostSettings(wanted, { cni: "none", on: true })).toEqual(["cni.bin_dir", "cni.dirs"]);
});

describe.each(["1.6.20", "1.7.34", "2.0.5", "2.3.4"])("containerd %s", (release) => {
  const { files, settings } = runtimeFor("containerd", { version: "v1.24", minor: 24 });
  const [file] = files(input(release));
  const written = file?.source.kind === "text" ? file.source.text : "";
  /** As `config dump` prints it: ours, and much that we did not write. */
  const dump = (change: (plugins: Record<string, Record<string, unknown>>) => void) => {
    const tree = parse(written) as { plugins: Record<string, Record<string, unknown>> };
    for (const plugin of Object.values(tree.plugins)) plugin["max_concurrent_downloads"] = 3;
    change(tree.plugins);
    return stringify({ ...tree, root: "/var/lib/containerd" });
  };
  const lost = (printed: string, status: object = {}) =>
    settings.lost(input(release), { printed, status: { config: JSON.stringify(status) } });

  test("has what it was given when it prints it and runs with it", () => {
    expect(
      lost(
        dump(() => undefined),
        { restrictOOMScoreAdj: true, cni: { confDir: "/etc/cni/net.d" } },
      ),
    ).toEqual([]);
  });

  test("that does not know a plugin or runs with another value is told, by the setting's name", () => {
    const without = lost(dump((plugins) => delete plugins[Object.keys(plugins)[0]!]));
    expect(without).toEqual([expect.stringMatching(/^io\.containerd\./)]);
    expect(
      lost(
        dump(() => undefined),
        { containerd: { runtimes: { runc: { options: { SystemdCgroup: false } } } } },
      ),
    ).toEqual(["containerd.runtimes.runc.options.SystemdCgroup"]);
    expect(
      lost(
        dump(() => undefined),
        { restrictOOMScoreAdj: false },
      ),
    ).toEqual(["restrict_oom_score_adj"]);
  });
});

test("docker reports what it made of its settings", () => {
  const { settings } = runtimeFor("docker", { version: "v1.20", minor: 20 });
  const said = {
    CgroupDriver: "systemd",
    Driver: "overlay2",
    LoggingDriver: "json-file",
    LiveRestoreEnabled: true,
    DefaultRuntime: "limited",
    Containers: 7,
  };
  const lost = (change: object) =>
    settings.lost(input("20.10.24"), { printed: `${JSON.stringify({ ...said, ...change })}\n`, status: {} });
  expect(lost({})).toEqual([]);
  expect(lost({ CgroupDriver: "cgroupfs", Driver: "vfs" })).toEqual(["CgroupDriver", "Driver"]);
});

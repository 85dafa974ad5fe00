import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "smol-toml";
import { expect, test } from "vitest";
import { asideEnding } from "../../../../drivers/ssh/claim-host.ts";
import type { RuntimeInput } from "../../../../src/contract/runtime.ts";
import { runtimeByName, runtimeFor } from "../../../../src/runtimes/registry.ts";
import documented from "../../../fixtures/runtimes/cri-o-keys.json" with { type: "json" };
import { minors } from "../../provision/node/node-sample.ts";
import { runtimeInput } from "../../../fixtures/runtimes/runtime-input.ts";

const input = (minor: number, change: Partial<RuntimeInput> = {}): RuntimeInput =>
  runtimeInput(`1.${minor}.3`, change);
const at = (minor: number) => runtimeFor("cri-o", { version: `v1.${minor}`, minor });
const textsOf = (minor: number, change: Partial<RuntimeInput> = {}) =>
  new Map(
    at(minor)
      .files(input(minor, change))
      .map(({ path, source }) => [path, source.kind === "text" ? source.text : ""]),
  );
const dropIn = "/etc/crio/crio.conf.d/90-localkube.conf";

interface Config {
  readonly crio: {
    readonly runtime: Readonly<Record<string, unknown>> & {
      readonly runtimes: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    };
  };
}
const configOf = (minor: number, change: Partial<RuntimeInput> = {}) =>
  parse(textsOf(minor, change).get(dropIn) ?? "") as unknown as Config;

const others = [
  { name: "crun", path: "/usr/local/sbin/crun" },
  { name: "kata", path: "/usr/bin/containerd-shim-kata-v2", shim: "io.containerd.kata.v2" },
  { name: "runsc", path: "/usr/local/sbin/runsc", shim: "io.containerd.runsc.v1" },
];

/** Paths of the values; handlers are without their names: `crio.runtime.runtimes.runtime_path`. */
const keysOf = (tree: object, path: readonly string[] = []): readonly string[] =>
  Object.entries(tree).flatMap(([key, value]: [string, unknown]) => {
    const own = [...path, key];
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return keysOf(value, own);
    return [own.join(".").replace(/^(crio\.runtime\.runtimes)\.\w+/, "$1")];
  });

test.each(minors)("1.%d is told nothing by a key that its documentation does not have", (minor) => {
  const known: Readonly<Record<string, readonly number[]>> = documented.keys;
  for (const cgroupDriver of ["systemd", "cgroupfs"] as const)
    for (const restrictOomScoreAdj of [true, false]) {
      const keys = keysOf(configOf(minor, { cgroupDriver, restrictOomScoreAdj, handlers: others }));
      expect(keys.length).toBeGreaterThan(10);
      const bad = keys.filter((key) => {
        const [first = Infinity, last = 0] = known[key] ?? [];
        return minor < first || minor > last;
      });
      expect(bad).toEqual([]);
    }
});

test("conmon is in a slice with systemd and in the pod's cgroup with cgroupfs, by the key that the release has", () => {
  const found = (minor: number, cgroupDriver: "systemd" | "cgroupfs") => {
    const { runtime } = configOf(minor, { cgroupDriver, handlers: others }).crio;
    return [runtime["conmon_cgroup"], ...Object.values(runtime.runtimes).map((one) => one["monitor_cgroup"])];
  };
  const none = undefined;
  expect(found(23, "systemd")).toEqual(["system.slice", none, none, none, none]);
  expect(found(23, "cgroupfs")).toEqual(["pod", none, none, none, none]);
  // runc, crun, kata, which has none, runsc.
  expect(found(24, "systemd")).toEqual([none, "system.slice", "system.slice", none, "system.slice"]);
  expect(found(36, "cgroupfs")).toEqual([none, "pod", "pod", none, "pod"]);
});

test("each OCI runtime is a handler, a program that is a shim one of virtual machines, and the default is always said", () => {
  const { runtime } = configOf(36, { handlers: others, defaultHandler: "crun" }).crio;
  expect(runtime["default_runtime"]).toBe("crun");
  expect(configOf(36).crio.runtime["default_runtime"]).toBe("runc");
  const types = Object.entries(runtime.runtimes).map(([name, one]) => [name, one["runtime_type"]]);
  expect(types).toEqual([
    ["runc", "oci"],
    ["crun", "oci"],
    ["kata", "vm"],
    ["runsc", "oci"],
  ]);
  expect(runtime.runtimes["kata"]?.["runtime_path"]).toBe("/usr/bin/containerd-shim-kata-v2");
  expect(runtime.runtimes["runc"]).not.toHaveProperty("runtime_path");
});

test("where oom_score_adj may not be lowered, each OCI runtime but those of virtual machines is called through a script", () => {
  const change = { restrictOomScoreAdj: true, handlers: others };
  const { runtimes } = configOf(36, change).crio.runtime;
  const texts = textsOf(36, change);
  for (const name of ["runc", "crun", "runsc"]) {
    const path = `/usr/local/sbin/${name}-limited`;
    expect(runtimes[name]?.["runtime_path"]).toBe(path);
    expect(texts.get(path)).toMatch(new RegExp(`^exec \\S*${name} "\\$@"$`, "m"));
  }
  expect(texts.has("/usr/local/sbin/kata-limited")).toBe(false);
});

test("nothing of the system's is read that podman has too, and nothing of podman's is written", () => {
  for (const minor of minors) {
    const paths = [...textsOf(minor).keys()];
    expect(paths.filter((path) => path.startsWith("/etc/containers/"))).toEqual([]);
    expect(at(minor).units[0]?.arguments(input(minor))).toContain(
      "--registries-conf=/etc/crio/registries.conf",
    );
    expect(paths).toContain("/etc/crio/registries.conf");
  }
});

test("the daemon prints its settings; one that it does not have is told by its name", () => {
  for (const minor of [20, 36]) {
    const { settings } = at(minor);
    const running = (change: (config: Config) => void) => {
      const config = structuredClone(configOf(minor));
      // It says where it found what was left to it.
      Object.assign(config.crio.runtime.runtimes["runc"]!, { runtime_path: "/usr/sbin/runc" });
      change(config);
      return stringify(config);
    };
    const lost = (printed: string) => settings.lost(input(minor), { printed, status: {} });
    expect(lost(running(() => undefined))).toEqual([]);
    // Asked over HTTP, the answer has a header.
    expect(
      lost(`HTTP/1.0 200 OK\r\nContent-Type: application/toml\r\n\r\n${running(() => undefined)}`),
    ).toEqual([]);
    const other = running(({ crio }) => Object.assign(crio.runtime, { cgroup_manager: "cgroupfs" }));
    expect(lost(other)).toEqual(["crio.runtime.cgroup_manager"]);
    const without = running(({ crio }) => Object.assign(crio.runtime, { runtimes: {} }));
    expect(lost(without)).toEqual(["crio.runtime.runtimes.runc"]);
  }
  expect(at(27).settings.ask).toContain("sh");
  expect(at(28).settings.ask[0]).toBe("crio");
});

test("networks that packages bring are moved aside before it starts, and nothing else; a host gets them back", () => {
  const folder = mkdtempSync(join(tmpdir(), "localkube-networks-"));
  try {
    const [unit] = at(36).units;
    const [, line = ""] = /^ExecStartPre=-\/bin\/sh -c '(for file in .*)'$/m.exec(unit?.text ?? "") ?? [];
    // systemd makes one $ of two.
    const script = line.replaceAll("$$", "$").replaceAll("/etc/cni/net.d", folder);
    for (const name of ["10-crio-bridge.conflist", "10-localkube.conflist", "100-crio-bridge.conf"])
      writeFileSync(join(folder, name), name);
    writeFileSync(join(folder, "100-crio-bridge.conf.before-localkube"), "an earlier one");
    execFileSync("sh", ["-c", script]);
    expect(readdirSync(folder).sort()).toEqual([
      "10-crio-bridge.conflist.before-localkube",
      "10-localkube.conflist",
      "100-crio-bridge.conf",
      "100-crio-bridge.conf.before-localkube",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const { files } = runtimeByName("cri-o").footprint;
  expect(files).toContain("/etc/cni/net.d/10-crio-bridge.conflist");
  expect(`/etc/x${asideEnding}`).toBe("/etc/x.before-localkube");
});

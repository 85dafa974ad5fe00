import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hostContext } from "../../../src/host/host-context.ts";
import { cgroupMode, judgeCgroups } from "../../../src/host/doctor/checks/cgroups.ts";
import { judgeClock } from "../../../src/host/doctor/checks/clock.ts";
import { judgeSpace } from "../../../src/host/doctor/checks/disk-space.ts";
import { judgeFileLimits } from "../../../src/host/doctor/checks/file-limits.ts";
import { folders } from "../../../src/host/doctor/checks/folders.ts";
import {
  featureState,
  judgeFeatures,
  judgeIpForward,
} from "../../../src/host/doctor/checks/kernel-features.ts";
import { leftovers } from "../../../src/host/doctor/checks/leftovers.ts";
import { judgeMemory, judgeSwap } from "../../../src/host/doctor/checks/memory.ts";
import { judgeNodeVersion } from "../../../src/host/doctor/checks/platform.ts";
import { programs } from "../../../src/host/doctor/checks/programs.ts";
import { judgeProxy } from "../../../src/host/doctor/checks/proxy.ts";
import type { HostCheck } from "../../../src/host/doctor/host-check.ts";
import { hostChecks } from "../../../src/host/doctor/host-checks.ts";
import { runDoctor } from "../../../src/host/doctor/run-doctor.ts";

let home = "";
const host = () => ({
  ...hostContext({ ...process.env, LOCALKUBE_HOME: join(home, "state"), XDG_CACHE_HOME: home }),
});
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "localkube-doctor-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

test("on this host every check comes to an answer, with a fix unless it is ok", async () => {
  const { checks, status } = await runDoctor(host());
  expect(checks.map(({ id }) => id)).toEqual(hostChecks.map(({ id }) => id));
  expect(new Set(checks.map(({ id }) => id)).size).toBe(checks.length);
  for (const check of checks) {
    expect(check.detail, check.id).not.toMatch(/broke|did not end|undefined|NaN/);
    expect(check.status === "ok", check.id).toBe(check.fix === undefined);
  }
  expect(["ok", "warn", "fail"]).toContain(status);
});

test("a check that breaks or hangs is reported, and the worst decides", async () => {
  const broken: HostCheck = {
    id: "broken",
    title: "Broken",
    run: () => Promise.reject(new Error("no luck")),
  };
  const hanging: HostCheck = { id: "hanging", title: "Hanging", run: () => new Promise(() => undefined) };
  const report = await runDoctor(host(), [broken, hanging], { deadlineMs: 3000 });
  expect(report.status).toBe("fail");
  expect(report.checks.slice(-2)).toMatchObject([
    { id: "broken", status: "fail", detail: "the check itself broke: no luck" },
    { id: "hanging", status: "fail", detail: "the check did not end within 3 s" },
  ]);
});

describe("control groups", () => {
  const v2 = "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
  const v1 = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu";
  const beside = "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";
  test.each([
    ["v2", v2, "ok"],
    ["v1", v1, "warn"],
    ["hybrid", `${v1}\n${beside}`, "warn"],
    ["none", "22 1 8:1 / / rw - ext4 /dev/sda1 rw", "fail"],
  ])("%s", (mode, mountinfo, status) => {
    expect(cgroupMode(mountinfo)).toBe(mode);
    expect(judgeCgroups(cgroupMode(mountinfo)).status).toBe(status);
  });
});

describe("kernel features", () => {
  const veth = { module: "veth", option: "VETH", isVital: true };
  const nothing = { config: "", live: "", installed: "" };
  test.each([
    ["built in", { ...nothing, config: "\nCONFIG_VETH=y\n" }, "present"],
    ["loaded", { ...nothing, live: "veth 45056 0 - Live 0x0\n" }, "present"],
    [
      "a module with its file",
      { ...nothing, config: "\nCONFIG_VETH=m", installed: "kernel/drivers/net/veth.ko.xz:" },
      "present",
    ],
    [
      "a module without its file",
      { ...nothing, config: "\nCONFIG_VETH=m", installed: "kernel/x.ko:" },
      "absent",
    ],
    ["a module and no folder of modules", { ...nothing, config: "\nCONFIG_VETH=m" }, "unknown"],
    ["left out", { ...nothing, config: "\n# CONFIG_VETH is not set\nCONFIG_VETHX=y" }, "absent"],
    ["untold", nothing, "unknown"],
  ])("%s", (_, sources, state) => {
    expect(featureState(veth, sources)).toBe(state);
  });

  test("a file system is known by /proc/filesystems", () => {
    const overlay = { module: "overlay", option: "OVERLAY_FS", isVital: true };
    expect(featureState(overlay, { ...nothing, live: "nodev\tproc\nnodev\toverlay\n" })).toBe("present");
  });

  test.each([
    ["present", "present", "ok", "has veth, br_netfilter"],
    ["absent", "present", "fail", "lacks veth"],
    ["present", "absent", "warn", "lacks br_netfilter"],
    ["unknown", "present", "warn", "has veth"],
  ] as const)("veth %s and br_netfilter %s is %s", (vital, lesser, status, part) => {
    const found = [
      { module: "veth", isVital: true, state: vital },
      { module: "br_netfilter", isVital: false, state: lesser },
    ];
    expect(judgeFeatures(found)).toMatchObject({ status, detail: expect.stringContaining(part) as string });
  });
});

describe("programs", () => {
  test("are all missing on an empty PATH but for those beside it, and one line installs them", async () => {
    const result = await programs.run({ ...host(), env: { PATH: home } });
    expect(result.fix).toMatch(/apt-get install -y --no-install-recommends .*(mmdebstrap|openssh-client)/);
  });

  test("are only what localkube itself runs: a driver's are in the driver's check", async () => {
    for (const name of ["mmdebstrap", "ssh"])
      await writeFile(join(home, name), "#!/bin/sh\n", { mode: 0o755 });
    expect(await programs.run({ ...host(), env: { PATH: home } })).toMatchObject({ status: "ok" });
  });
});

describe("folders", () => {
  test("that can be made are fine", async () => {
    expect(await folders.run(host())).toMatchObject({ status: "ok" });
  });

  test("a file in the way, and a state others can read", async () => {
    await mkdir(join(home, "state"), { mode: 0o700 });
    expect(await folders.run(host())).toMatchObject({ status: "ok" });
    await chmod(join(home, "state"), 0o755);
    expect(await folders.run(host())).toMatchObject({
      status: "warn",
      fix: `chmod 700 ${join(home, "state")}`,
    });
    await rm(join(home, "state"), { recursive: true });
    await writeFile(join(home, "state"), "");
    expect(await folders.run(host())).toMatchObject({ status: "fail" });
  });
});

test.each([
  ["24.21.0", "ok"],
  ["22.15.0", "ok"],
  ["22.14.9", "fail"],
  ["20.19.0", "fail"],
])("Node.js %s is %s", (version, status) => expect(judgeNodeVersion(version).status).toBe(status));

test.each([
  [{ cpus: 4, memoryMiB: 16_000, availableMiB: 9000 }, "ok"],
  [{ cpus: 1, memoryMiB: 16_000, availableMiB: 9000 }, "warn"],
  [{ cpus: 4, memoryMiB: 16_000, availableMiB: 900 }, "warn"],
  [{ cpus: 4, memoryMiB: 1600, availableMiB: 1500 }, "fail"],
])("memory %o is %s", (found, status) => expect(judgeMemory(found).status).toBe(status));

test.each([
  [20, "ok", undefined],
  [5, "warn", "Free 3.0 GiB on the disk of /cache"],
  [1, "fail", "Free 2.0 GiB on the disk of /cache"],
])("%d GiB of free disk is %s", (freeGiB, status, fix) => {
  const place = { name: "the cache", folder: "/cache", leastGiB: 3, comfortableGiB: 8, freeGiB };
  expect(judgeSpace([place])).toMatchObject(fix === undefined ? { status } : { status, fix });
});

test.each([
  [{ instances: 128, watches: 192_536, files: 20_000 }, "ok", undefined],
  [{ instances: 64, watches: 192_536, files: 20_000 }, "warn", "sysctl -w fs.inotify.max_user_instances=512"],
  [{ instances: 128, watches: 8192, files: 20_000 }, "warn", "sysctl -w fs.inotify.max_user_watches=524288"],
  [{ instances: 128, watches: 192_536, files: 1024 }, "warn", "Raise the limit: ulimit -Hn 10000"],
])("limits %o are %s", (limits, status, fix) => {
  expect(judgeFileLimits(limits)).toMatchObject(fix === undefined ? { status } : { status, fix });
});

test("IP forwarding, swap and the clock", () => {
  expect(judgeIpForward("1").status).toBe("ok");
  expect(judgeIpForward("0")).toMatchObject({ status: "warn", fix: "sysctl -w net.ipv4.ip_forward=1" });
  const swaps = "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition\t2097148\t0\t-2\n";
  expect(judgeSwap(swaps).detail).toContain("2047 MiB");
  expect(judgeSwap("Filename\tType\tSize\tUsed\tPriority").detail).toBe("off");
  expect(judgeClock(Date.UTC(1970, 0, 2), 0).status).toBe("fail");
  expect(judgeClock(Date.UTC(2026, 5, 1), Date.UTC(2026, 7, 1)).status).toBe("fail");
  expect(judgeClock(Date.UTC(2026, 7, 1), Date.UTC(2026, 5, 1)).status).toBe("ok");
});

describe("proxy", () => {
  test.each([
    [{}, "ok", "none"],
    [
      { HTTPS_PROXY: "http://p.example.org:3128", NO_PROXY: "localhost,127.0.0.0/8" },
      "ok",
      "p.example.org:3128",
    ],
    [{ https_proxy: "http://p.example.org:3128", no_proxy: ".internal" }, "warn", "127.0.0.1"],
    [{ HTTP_PROXY: "proxy.example.org 3128" }, "fail", "HTTP_PROXY"],
  ])("%o is %s", (env, status, part) => {
    expect(judgeProxy(env)).toMatchObject({ status, detail: expect.stringContaining(part) as string });
  });

  test("advice keeps the exceptions there are, and no password is shown", () => {
    const result = judgeProxy({ HTTPS_PROXY: "http://me:secret@p.example.org:3128", NO_PROXY: ".internal" });
    expect(result.fix).toBe("export NO_PROXY=.internal,localhost,127.0.0.1");
    expect(JSON.stringify(result)).not.toContain("secret");
    expect(JSON.stringify(judgeProxy({ HTTP_PROXY: "me:secret@p:1" }))).not.toContain("secret");
  });
});

test("leftover machines are named, with the command that removes the first", async () => {
  const found = [
    { driver: "podman", name: "localkube-old" },
    { driver: "docker", name: "localkube-older" },
  ];
  expect(await leftovers(() => Promise.resolve([])).run(host())).toMatchObject({ status: "ok" });
  expect(await leftovers(() => Promise.resolve(found)).run(host())).toMatchObject({
    status: "warn",
    detail: "no profile knows localkube-old (podman), localkube-older (docker)",
    fix: "localkube delete -p old",
  });
});

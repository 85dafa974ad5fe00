import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type GuestArchive, guestArchive } from "../../../../src/provision/programs/guest-archive.ts";
import { unpackArguments, unpackScript } from "../../../../src/provision/programs/unpack-programs.ts";
import { artifactWishes } from "../../../../src/cluster/start/wishes.ts";
import { defaultRuntimeName } from "../../../../src/runtimes/registry.ts";

const { programs } = artifactWishes("v1.36.2", defaultRuntimeName);

let folder: string;
let root: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "localkube-unpack-"));
  root = join(folder, "root");
  mkdirSync(root);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Packs files with the real tar and puts the archive where a push would. */
function packed(
  name: Parameters<typeof guestArchive>[0],
  files: Readonly<Record<string, string>>,
  tarWords: readonly string[] = Object.keys(files),
): GuestArchive {
  const source = mkdtempSync(join(folder, "source-"));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(source, path)), { recursive: true });
    writeFileSync(join(source, path), content, { mode: 0o755 });
  }
  return placed(name, source, tarWords);
}

/** What a release of the program looks like. */
const released = (name: string) => programs.find((wish) => wish.name === name)!;

function placed(
  name: Parameters<typeof guestArchive>[0],
  source: string,
  tarWords: readonly string[],
): GuestArchive {
  const file = join(folder, `${name}.tar.gz`);
  execFileSync("tar", ["--create", "--gzip", "--file", file, "--directory", source, ...tarWords]);
  const content = readFileSync(file);
  const sha256 = createHash("sha256").update(content).digest("hex");
  const archive = guestArchive(name, { ...released(name), file, sha256, size: content.length });
  mkdirSync(dirname(join(root, archive.entry.path)), { recursive: true });
  writeFileSync(join(root, archive.entry.path), content);
  return archive;
}

const unpack = (...archives: readonly GuestArchive[]): readonly string[] =>
  execFileSync("sh", ["-c", unpackScript, "sh", ...unpackArguments(root, archives)], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  })
    .split("\n")
    .filter(Boolean);

const program = (says: string): string => `#!/bin/sh\necho ${says}\n`;
const run = (path: string): string => execFileSync(join(root, path), { encoding: "utf8" }).trim();

const etcdFiles = (version: string) => ({
  [`etcd-v${version}-linux-amd64/etcd`]: program(`etcd ${version}`),
  [`etcd-v${version}-linux-amd64/etcdctl`]: program(`etcdctl ${version}`),
  [`etcd-v${version}-linux-amd64/etcdutl`]: program("etcdutl"),
  [`etcd-v${version}-linux-amd64/Documentation/etcd`]: "not a program",
});

test("the programs of an archive run from their place, and nothing else of it is left", () => {
  expect(unpack(packed("etcd", etcdFiles("3.6.8")))).toEqual(["etcd"]);
  expect(run("usr/local/bin/etcd")).toBe("etcd 3.6.8");
  expect(run("usr/local/bin/etcdctl")).toBe("etcdctl 3.6.8");
  expect(readdirSync(join(root, "usr/local/bin")).sort()).toEqual(["etcd", "etcdctl"]);
  expect(statSync(join(root, "usr/local/bin/etcd")).mode & 0o7777).toBe(0o755);
});

test("a member with a folder is that one alone, and lands in the folder of programs by its own name", () => {
  const archive = packed(
    "etcd",
    { "x/bin/etcd": program("etcd"), "x/etc/etcd": "settings", "x/completions/bash/etcd": "words" },
    ["x"],
  );
  const wanted = { ...archive, strip: 1, members: ["bin/etcd"] };
  expect(unpack(wanted)).toEqual(["etcd"]);
  expect(run("usr/local/bin/etcd")).toBe("etcd");
  expect(readdirSync(join(root, "usr/local/bin"))).toEqual(["etcd"]);
  expect(readFileSync(join(root, "var/lib/localkube/placed.list"), "utf8")).toBe("/usr/local/bin/etcd\n");
  expect(unpack(wanted)).toEqual([]);
});

test("docker's archive, whose folder has the name of one of its programs, brings all of them", () => {
  const names = [
    ...["containerd", "containerd-shim-runc-v2", "ctr"],
    ...["docker", "docker-init", "docker-proxy", "dockerd", "runc"],
  ];
  const files = Object.fromEntries(names.map((name) => [`docker/${name}`, program(name)]));
  const { unpack: described } = artifactWishes("v1.36.2", "docker").programs.find(
    ({ name }) => name === "dockerd",
  )!;
  expect(unpack({ ...packed("etcd", files, ["docker"]), ...described! })).toEqual(["etcd"]);
  expect(readdirSync(join(root, "usr/local/bin")).sort()).toEqual(names);
  for (const name of names) expect(run(`usr/local/bin/${name}`)).toBe(name);
});

test("a second time writes nothing, another release replaces the first", () => {
  const first = packed("etcd", etcdFiles("3.5.24"));
  unpack(first);
  const { ino, mtimeMs } = statSync(join(root, "usr/local/bin/etcd"));
  expect(unpack(first)).toEqual([]);
  expect(statSync(join(root, "usr/local/bin/etcd"))).toMatchObject({ ino, mtimeMs });
  expect(unpack(packed("etcd", etcdFiles("3.6.8")))).toEqual(["etcd"]);
  expect(run("usr/local/bin/etcd")).toBe("etcd 3.6.8");
});

test("a program that was removed or made unusable comes back", () => {
  const archive = packed("etcd", etcdFiles("3.6.8"));
  unpack(archive);
  rmSync(join(root, "usr/local/bin/etcdctl"));
  expect(unpack(archive)).toEqual(["etcd"]);
  chmodSync(join(root, "usr/local/bin/etcd"), 0o644);
  expect(unpack(archive)).toEqual(["etcd"]);
  expect(run("usr/local/bin/etcd")).toBe("etcd 3.6.8");
});

test("what a killed call left is cleared away", () => {
  const archive = packed("etcd", etcdFiles("3.6.8"));
  mkdirSync(join(root, "usr/local/bin/.localkube-etcd/half"), { recursive: true });
  writeFileSync(join(root, "var/lib/localkube/programs/etcd.unpacked"), "unfinished\n");
  writeFileSync(join(root, "usr/local/bin/etcd"), program("half"), { mode: 0o755 });
  writeFileSync(join(root, "usr/local/bin/etcdctl"), program("half"), { mode: 0o755 });
  expect(unpack(archive)).toEqual(["etcd"]);
  expect(readdirSync(join(root, "usr/local/bin")).sort()).toEqual(["etcd", "etcdctl"]);
  expect(run("usr/local/bin/etcd")).toBe("etcd 3.6.8");
});

test("a program that runs is replaced, not written to", async () => {
  mkdirSync(join(root, "usr/local/bin"), { recursive: true });
  // A real executable: the kernel refuses to write to one that runs.
  const running = join(root, "usr/local/bin/crictl");
  writeFileSync(running, readFileSync("/bin/sleep"), { mode: 0o755 });
  const { spawn } = await import("node:child_process");
  const child = spawn(running, ["30"], { stdio: "ignore" });
  try {
    await new Promise((resolve) => child.once("spawn", resolve));
    expect(unpack(packed("crictl", { crictl: program("new") }))).toEqual(["crictl"]);
    expect(run("usr/local/bin/crictl")).toBe("new");
    expect(child.exitCode).toBeNull();
  } finally {
    child.kill("SIGKILL");
  }
});

test.each(["./", "plain"])("the plugins' archive is understood with names like %s", (form) => {
  const names = guestArchive("cni-plugins", {
    ...released("cni-plugins"),
    file: "",
    sha256: "",
    size: 0,
  }).members;
  const files = Object.fromEntries([...names, "LICENSE"].map((name) => [name, program(name)]));
  const archive = packed("cni-plugins", files, form === "./" ? ["./"] : undefined);
  expect(unpack(archive)).toEqual(["cni-plugins"]);
  expect(readdirSync(join(root, "opt/cni/bin")).sort()).toEqual([...names].sort());
  expect(run("opt/cni/bin/host-local")).toBe("host-local");
});

test("several archives go in one call, each into its folder", () => {
  const containerd = packed("containerd", {
    "bin/containerd": program("containerd"),
    "bin/containerd-shim-runc-v2": program("shim"),
    "bin/ctr": program("ctr"),
    "bin/containerd-stress": program("stress"),
  });
  const crictl = packed("crictl", { crictl: program("crictl") });
  expect(unpack(containerd, crictl)).toEqual(["containerd", "crictl"]);
  expect(readdirSync(join(root, "usr/local/bin")).sort()).toEqual([
    "containerd",
    "containerd-shim-runc-v2",
    "crictl",
    "ctr",
  ]);
});

test("an archive without the program fails, and the program that was there stays", () => {
  unpack(packed("etcd", etcdFiles("3.5.24")));
  const broken = packed("etcd", { "etcd-v3.6.8-linux-amd64/README.md": "nothing" });
  expect(() => unpack(broken)).toThrow(/etcd: Not found in archive/);
  expect(run("usr/local/bin/etcd")).toBe("etcd 3.5.24");
});

test("links and names that lead out of the folder bring nothing in or out", () => {
  const outside = join(folder, "outside");
  mkdirSync(outside);
  const source = mkdtempSync(join(folder, "evil-"));
  symlinkSync(outside, join(source, "crictl"));
  expect(() => unpack(placed("crictl", source, ["crictl"]))).toThrow(/crictl is no file/);
  writeFileSync(join(source, "payload"), "gone out");
  const climbing = placed("crictl", source, [
    "--absolute-names",
    "--transform=s,payload,../../../../../outside/crictl,",
    "payload",
  ]);
  const members = execFileSync("tar", ["-tPf", join(folder, "crictl.tar.gz")], { encoding: "utf8" });
  expect(members).toBe("../../../../../outside/crictl\n");
  expect(() => unpack(climbing)).toThrow(/Member name contains/);
  expect(readdirSync(outside)).toEqual([]);
  expect(existsSync(join(root, "usr/local/bin/crictl"))).toBe(false);
});

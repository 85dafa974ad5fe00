import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { copyOverSsh } from "../../src/cluster/machine/copy-over-ssh.ts";
import type { OpensshAccess } from "../../src/cluster/access/open-cluster.ts";
import { hostContext } from "../../src/host/host-context.ts";
import { writeKnownHosts, type ScpPath } from "../../src/machine/ssh/openssh.ts";
import { type TestSshd, testSshd } from "./transport-sshd.ts";

let sshd: TestSshd;
let access: OpensshAccess;
let here: string;
let there: string;
beforeAll(async () => {
  sshd = await testSshd();
  await (await sshd.connect()).close();
  access = { endpoint: sshd.endpoint, knownHostsFile: join(sshd.dir, "known_hosts") };
  await writeKnownHosts(access.knownHostsFile, sshd.endpoint);
  [here, there] = [join(sshd.dir, "here"), join(sshd.dir, "there")];
  mkdirSync(join(here, "tree/sub"), { recursive: true });
  mkdirSync(there);
  writeFileSync(join(here, "tree/run.sh"), "#!/bin/sh\n");
  chmodSync(join(here, "tree/run.sh"), 0o751);
  utimesSync(join(here, "tree/run.sh"), 1_000_000_000, 1_000_000_000);
  writeFileSync(join(here, "tree/sub/odd *[name].txt"), "odd");
  writeFileSync(join(here, "secret"), "s", { mode: 0o600 });
});
afterAll(() => sshd.dispose());

const c = {
  host: hostContext(),
  signal: new AbortController().signal,
  report: () => undefined,
  log: () => undefined,
};
const copy = (from: ScpPath, to: ScpPath) => copyOverSsh(access, { from, to, showProgress: false }, c);

test("a file arrives under a new name in folders that were not there, with mode and time", async () => {
  await copy({ local: join(here, "tree/run.sh") }, { remote: join(there, "new/deep/renamed.sh") });
  const { mode, mtimeMs } = statSync(join(there, "new/deep/renamed.sh"));
  expect([mode & 0o777, mtimeMs]).toEqual([0o751, 1_000_000_000_000]);
  await copy({ local: join(here, "secret") }, { remote: join(there, "secret") });
  expect(statSync(join(there, "secret")).mode & 0o777).toBe(0o600);
});

test("a folder becomes the target, or goes into it when it is there or ends with a slash", async () => {
  const read = (path: string) => readFileSync(join(there, path, "sub/odd *[name].txt"), "utf8");
  await copy({ local: join(here, "tree") }, { remote: join(there, "copy") });
  expect(read("copy")).toBe("odd");
  await copy({ local: join(here, "tree") }, { remote: join(there, "copy") });
  expect(read("copy/tree")).toBe("odd");
  await copy({ local: join(here, "tree") }, { remote: join(there, "slash/") });
  expect(read("slash/tree")).toBe("odd");
});

test("the way back takes patterns in names literally and makes folders", async () => {
  const file = join(there, "back *[1].txt");
  writeFileSync(file, "back");
  writeFileSync(join(there, "back x1.txt"), "wrong");
  await copy({ remote: file }, { local: join(here, "made/by us.txt") });
  expect(readFileSync(join(here, "made/by us.txt"), "utf8")).toBe("back");
});

test("set-ID and sticky bits are kept both ways", async () => {
  const modes = { run: 0o4755, "sub/run": 0o2751, "sub/odd [1]*": 0o6711, sub: 0o3775, ".": 0o1777 };
  const source = join(here, "bits");
  mkdirSync(join(source, "sub"), { recursive: true });
  for (const [name, mode] of Object.entries(modes)) {
    if (!["sub", "."].includes(name)) writeFileSync(join(source, name), "x");
    chmodSync(join(source, name), mode);
  }
  const modesOf = (root: string) =>
    Object.fromEntries(Object.keys(modes).map((name) => [name, statSync(join(root, name)).mode & 0o7777]));
  await copy({ local: source }, { remote: join(there, "bits") });
  expect(modesOf(join(there, "bits"))).toEqual(modes);
  await copy({ remote: join(there, "bits") }, { local: join(here, "back/") });
  expect(modesOf(join(here, "back/bits"))).toEqual(modes);
  await copy({ local: join(source, "run") }, { remote: join(there, "alone") });
  expect(statSync(join(there, "alone")).mode & 0o7777).toBe(0o4755);
  expect(statSync(join(there, "alone")).mtimeMs).toBe(
    Math.floor(statSync(join(source, "run")).mtimeMs / 1000) * 1000,
  );
});

test("a pipe or device of this host is refused and stays as it is", async () => {
  const [pipe, device] = [join(here, "pipe"), join(here, "device")];
  execFileSync("mkfifo", [pipe]);
  execFileSync("mknod", [device, "c", "1", "3"]);
  chmodSync(device, 0o666);
  const file = join(there, "plain");
  writeFileSync(file, "x", { mode: 0o600 });
  const refused = { id: "COPY_NOT_A_FILE" };
  await expect(copy({ remote: file }, { local: device })).rejects.toMatchObject(refused);
  await expect(copy({ remote: file }, { local: pipe })).rejects.toMatchObject(refused);
  await expect(copy({ local: pipe }, { remote: join(there, "from-pipe") })).rejects.toMatchObject(refused);
  expect([statSync(device).isCharacterDevice(), statSync(device).mode & 0o777]).toEqual([true, 0o666]);
});

test("a missing source and a target that cannot be are named", async () => {
  await expect(copy({ local: join(here, "no") }, { remote: there })).rejects.toMatchObject({
    id: "COPY_SOURCE_MISSING",
    message: expect.stringContaining("on this host") as string,
  });
  await expect(copy({ remote: join(there, "no") }, { local: here })).rejects.toMatchObject({
    id: "COPY_SOURCE_MISSING",
    message: expect.stringContaining("in the machine") as string,
  });
  const blocked = { remote: join(there, "secret/below/x") };
  await expect(copy({ local: join(here, "secret") }, blocked)).rejects.toMatchObject({
    id: "COPY_FAILED",
    output: expect.stringContaining("secret") as string,
  });
});

test("another host key is refused before anything is copied", async () => {
  const other = await testSshd();
  try {
    const endpoint = { ...sshd.endpoint, port: other.endpoint.port };
    const stranger = { endpoint, knownHostsFile: join(sshd.dir, "known_stranger") };
    await writeKnownHosts(stranger.knownHostsFile, endpoint);
    const request = {
      from: { local: join(here, "secret") },
      to: { remote: join(there, "stolen") },
      showProgress: false,
    };
    await expect(copyOverSsh(stranger, request, c)).rejects.toMatchObject({ id: "COPY_FAILED" });
    expect(() => statSync(join(there, "stolen"))).toThrow();
  } finally {
    await other.dispose();
  }
});

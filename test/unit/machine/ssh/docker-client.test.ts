import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import {
  dockerHostUrl,
  dockerVersionArgv,
  writeDockerSsh,
} from "../../../../src/machine/ssh/docker-client.ts";
import { opensshArgv } from "../../../../src/machine/ssh/openssh.ts";

const endpoint = (port: number) => ({
  host: "127.0.0.1",
  port,
  user: "root",
  identityFile: `/home/it's "a" 100%/id`,
  hostKey: "ssh-ed25519 AAAA",
});
const linux = { platform: "linux" } as const;
const dial = ["docker", "system", "dial-stdio"];
/** What docker's client of 28.2 runs, and that of 18.09. */
const asked = (port: number, user = "root") => [
  ...["-o ConnectTimeout=30", "-T", "-l", user, "-p", String(port), "--", "127.0.0.1"],
  ...dial,
];
const askedLongAgo = (port: number) => ["-l", "root", "-p", String(port), "127.0.0.1", "--", ...dial];

let home: string;
let real: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "localkube it's "));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  real = join(home, "real");
  await mkdir(real);
  await writeFile(join(real, "ssh"), '#!/bin/sh\nprintf "%s\\0" "$PATH" "$@"\nexit 7\n');
  await chmod(join(real, "ssh"), 0o755);
});

const write = async (port: number, more: object = {}) => {
  const folder = join(home, `of ${port}`, "bin");
  await writeDockerSsh(
    folder,
    { endpoint: { ...endpoint(port), ...more }, knownHostsFile: "/known hosts" },
    linux,
  );
  return folder;
};

/** argv and PATH that the real ssh gets when a client runs `ssh` with this PATH, and its exit code. */
function reached(folders: readonly string[], argv: readonly string[]) {
  const PATH = [...folders, real].join(":");
  try {
    execFileSync(join(folders[0]!, "ssh"), argv, { env: { PATH }, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, status, stderr } = error as { stdout: string; status: number; stderr: string };
    const [path, ...words] = stdout.split("\0").slice(0, -1);
    return { path, argv: words, exitCode: status, stderr };
  }
  throw new Error("the real ssh was not reached");
}

const ours = (port: number) => [
  ...["-o", "ConnectTimeout=30"],
  ...opensshArgv(endpoint(port), { knownHostsFile: "/known hosts", tty: false }).slice(1),
  ...dial,
];

describe("the ssh of a docker client", () => {
  it.each([
    ["today", asked(2222)],
    ["long ago", askedLongAgo(2222)],
  ])("adds our key and our host key for our machine, as clients ask %s", async (_, argv) => {
    const got = reached([await write(2222)], argv);
    expect(got.argv).toEqual(ours(2222));
    expect(got.argv).toContain(`IdentityFile="/home/it's \\"a\\" 100%%/id"`);
    expect(got.argv).toContain("StrictHostKeyChecking=yes");
    expect(got).toMatchObject({ exitCode: 7, stderr: "", path: real });
  });

  it.each([
    ["another port", asked(22)],
    ["another user", asked(2222, "me")],
    ["options of the user's own", ["-i", "/key", "-l", "root", "-p", "2222", "127.0.0.1"]],
    ["a host of the user's", ["host", "sh", "-c", "echo 'a  b' \"$HOME\" *"]],
    ["the version", ["-V"]],
    ["nothing", []],
    ["an option without its value", ["-p"]],
    ["an empty word", ["host", ""]],
  ])("passes on %s unchanged", async (_, argv) => {
    const got = reached([await write(2222)], argv);
    expect(got).toMatchObject({ argv, exitCode: 7, stderr: "", path: real });
  });

  it("finds that of another cluster behind it, and each is passed once, however often and under what name it is in PATH", async () => {
    const [a, b] = [await write(1), await write(2)];
    const alias = join(home, "alias");
    await symlink(a, alias);
    const folders = [a, b, a, alias, b];
    expect(reached(folders, asked(1)).argv).toEqual(ours(1));
    expect(reached(folders, asked(2)).argv).toEqual(ours(2));
    expect(reached(folders, asked(3))).toMatchObject({ argv: asked(3), path: real });
  });

  it("leaves what one cluster asked for to it, also where an older one had its port", async () => {
    const older = join(home, "older");
    const way = { endpoint: { ...endpoint(1), identityFile: "/older" }, knownHostsFile: "/older" };
    await writeDockerSsh(older, way, linux);
    expect(reached([await write(1), older], asked(1)).argv).toEqual(ours(1));
  });

  it("becomes root through sudo where the user is not root", async () => {
    const sudo = { password: () => Promise.resolve(undefined) };
    const got = reached([await write(2222, { user: "me", sudo })], asked(2222, "me"));
    expect(got.argv.slice(-8)).toEqual(["--", "127.0.0.1", "sudo", "-n", "--", ...dial]);
    const argv = dockerVersionArgv({ endpoint: { ...endpoint(1), user: "me", sudo }, knownHostsFile: "/k" });
    expect(argv.at(-1)).toMatch(/^exec sudo -n -- docker version /);
  });

  it("is the user's alone, and is written again when the port has changed", async () => {
    const folder = await write(2222);
    await chmod(folder, 0o755);
    await writeDockerSsh(folder, { endpoint: endpoint(3333), knownHostsFile: "/known hosts" }, linux);
    const mode = async (path: string) => (await stat(path)).mode & 0o777;
    expect([await mode(folder), await mode(join(folder, "ssh"))]).toEqual([0o700, 0o700]);
    expect(reached([folder], asked(3333)).argv).toEqual(ours(3333));
    expect(reached([folder], asked(2222)).argv).toEqual(asked(2222));
  });

  it("is a batch file on Windows, with quotation marks and percent signs as its programs read them", async () => {
    const folder = join(home, "windows");
    await writeDockerSsh(
      folder,
      { endpoint: endpoint(2222), knownHostsFile: "C:\\k" },
      { platform: "win32" },
    );
    const text = await readFile(join(folder, "ssh.cmd"), "utf8");
    expect(text).toContain('/c:" -l root -p 2222 -- 127.0.0.1 "');
    expect(text).toContain(`"IdentityFile=\\"/home/it's \\\\\\"a\\\\\\" 100%%%%/id\\""`);
    expect(text.split("\r\n").at(-1)).toBe("");
  });
});

it("DOCKER_HOST names user, host and port", () => {
  expect(dockerHostUrl(endpoint(2222))).toBe("ssh://root@127.0.0.1:2222");
  expect(dockerHostUrl({ ...endpoint(22), host: "fd00::1", user: "a@b" })).toBe("ssh://a%40b@[fd00::1]:22");
});

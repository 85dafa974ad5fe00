import { chownSync, linkSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import { chownCommand, giveToHomeOwner } from "../../../src/host/home-owner.ts";
import { writeUserFile } from "../../../src/host/user-file.ts";
import { notPermitted, writePrivateFile } from "../../../src/state/private-file.ts";
import { mergeKubeconfig } from "../../../src/provision/kubeconfig/merge-kubeconfig.ts";
import { isRoot, userPlaces } from "./user-places.ts";

const { path, mountOver } = userPlaces();
const owner = (name: string) => [lstatSync(path(name)).uid, lstatSync(path(name)).gid];
const user = [4711, 4712];

function home() {
  mkdirSync(path("home"));
  chownSync(path("home"), 4711, 4712);
  return { HOME: path("home"), SUDO_UID: "4711", SUDO_GID: "4712" };
}
const make = (name: string) => {
  mkdirSync(dirname(path(name)), { recursive: true });
  writeFileSync(path(name), "");
};

/** Some of what is tested reads the environment itself. */
async function under(env: Readonly<Record<string, string>>, work: () => Promise<void>): Promise<void> {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    await work();
  } finally {
    process.env = before;
  }
}

test.runIf(isRoot)("what root made in the user's home becomes the user's, with the way there", async () => {
  const env = home();
  make("home/.cache/localkube/a/file");
  make("home/.cache/localkube/image.partial/file");
  make("home/other/file");
  symlinkSync(path("home/other/file"), path("home/.cache/localkube/link"));
  chownSync(path("home/.cache/localkube/a/file"), 99, 99);
  await giveToHomeOwner([path("home/.cache/localkube")], env, {
    way: true,
    skip: (name) => name.endsWith(".partial"),
  });
  for (const given of ["", "/localkube", "/localkube/a", "/localkube/link"])
    expect([given, ...owner(`home/.cache${given}`)]).toEqual([given, ...user]);
  expect(owner("home/.cache/localkube/a/file")).toEqual([99, 99]); // never root's
  expect(owner("home/.cache/localkube/image.partial/file")).toEqual([0, 0]);
  expect(owner("home/other/file")).toEqual([0, 0]);
});

test.runIf(isRoot)("nothing outside the home is given away: links, second names, mounts, dots", async () => {
  const env = home();
  make("outside/file");
  make("home/.kube/mounted");
  symlinkSync(path("outside"), path("home/.kube/link"));
  symlinkSync(path("outside"), path("home/linked"));
  linkSync(path("outside/file"), path("home/.kube/second-name"));
  mountOver(path("home/.kube/mounted"), "/proc/version");
  const paths = ["home/.kube", "home/linked", "home/linked/file", "home/../outside", "outside/file", "home"];
  await giveToHomeOwner(paths.map(path), env, { way: true });
  expect([owner("outside"), owner("outside/file"), owner("home/.kube")]).toEqual([[0, 0], [0, 0], user]);
});

test.runIf(isRoot)("only the owner of the home is given anything, and only by root's own sudo", async () => {
  const env = home();
  make("home/.kube/config");
  for (const other of [
    { ...env, SUDO_UID: "4713" },
    { ...env, SUDO_UID: "0" },
    { ...env, SUDO_UID: "x" },
    { HOME: env.HOME },
  ])
    await giveToHomeOwner([path("home/.kube")], other);
  expect(owner("home/.kube/config")).toEqual([0, 0]);
  await giveToHomeOwner([path("home/.kube")], env);
  expect(owner("home/.kube/config")).toEqual(user);
});

test.runIf(isRoot)("whatever writes into the home leaves the user's files there at once", async () => {
  const env = home();
  await under(env, async () => {
    await writePrivateFile(path("home/.localkube/clusters/a/cluster.json"), "{}");
    await writeUserFile(path("home/timeline.svg"), "x");
    for (const name of ["ca.crt", "admin.crt", "admin.key"]) writeFileSync(path(name), "");
    const [caFile, certFile, keyFile] = [path("ca.crt"), path("admin.crt"), path("admin.key")];
    const files = { caFile, certFile, keyFile, embedCerts: false, keepContext: false };
    const input = { name: "demo", server: "https://127.0.0.1:1", ...files };
    await mergeKubeconfig(input, { env: { HOME: path("home") } });
  });
  const made = [".localkube", ".localkube/clusters/a", ".localkube/clusters/a/cluster.json"];
  for (const name of [...made, "timeline.svg", ".kube", ".kube/config"])
    expect([name, ...owner(`home/${name}`)]).toEqual([name, ...user]);
});

test("a failure for want of rights says whose the folder is to be", () => {
  // Root has no folder of somebody else's but one that it gives away; everybody else has root's /etc.
  const [HOME, foreign] = isRoot ? [path("home"), path("home/.kube")] : ["/", "/etc"];
  if (isRoot) {
    mkdirSync(foreign, { recursive: true });
    chownSync(foreign, 4711, 4712);
  }
  const command = `sudo chown -R ${process.getuid?.()}:${process.getgid?.()} ${foreign}`;
  expect(chownCommand(`${foreign}/a/b`, { HOME })).toBe(command);
  expect(chownCommand("/somewhere/else", { HOME: path("home") })).toBeUndefined();
  const before = process.env["HOME"];
  process.env["HOME"] = HOME;
  try {
    const denied = Object.assign(new Error("EACCES"), { code: "EACCES" });
    expect(notPermitted(`${foreign}/x`, denied)).toMatchObject({
      id: "STATE_NOT_PERMITTED",
      params: { command },
    });
    expect(notPermitted(`${foreign}/x`, new Error("other"))).toBeUndefined();
  } finally {
    process.env["HOME"] = before;
  }
});

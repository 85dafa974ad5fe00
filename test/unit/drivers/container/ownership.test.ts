import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { afterEach, beforeEach, expect, test } from "vitest";
import { noteAbout, otherHome, ownerOptions } from "../../../../drivers/container/ownership.ts";
import podman from "../../../../drivers/podman/index.ts";
import { recordingHost } from "../recording-host.ts";

let root = "";
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "localkube-owner-")));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const labels = (home: string) => ({ "dev.localkube.machine": "localkube-demo", "dev.localkube.home": home });

test("the same folder is ours by each of its paths, whether it is there yet or not", async () => {
  const stateDir = join(root, "state");
  await symlink(root, join(root, "link"));
  const linked = join(root, "link", "state");
  for (const there of [false, true]) {
    if (there) await mkdir(stateDir);
    for (const [mine, label] of [
      [stateDir, stateDir],
      [stateDir, linked],
      [linked, stateDir],
      [linked, linked],
    ] as const)
      expect(otherHome(labels(label), { stateDir: mine })).toBeUndefined();
  }
  // What is written is the path that stays when the link leads elsewhere.
  expect(ownerOptions("m", { stateDir: linked })).toContain(`dev.localkube.home=${stateDir}`);
});

test("a relative label, as earlier versions wrote it, counts from the folder one stands in, as it did then", () => {
  expect(otherHome(labels("lk"), { stateDir: join(process.cwd(), "lk") })).toBeUndefined();
  expect(otherHome(labels("lk"), { stateDir: join(root, "lk") })).toBe("lk");
});

test.each([
  ["is there", "there", ""],
  ["is gone", "gone", " (which is not there now)"],
  ["is on a disk that is not mounted", "mnt/disk/state", " (which is not there now)"],
  ["cannot be looked into", "loop/state", " (which this user cannot look into)"],
])("another folder that %s is never ours", async (_what, path, note) => {
  await mkdir(join(root, "there"));
  await symlink(join(root, "loop"), join(root, "loop"));
  const home = join(root, path);
  expect(otherHome(labels(home), { stateDir: join(root, "mine") })).toBe(home);
  expect(noteAbout(home)).toBe(note);
});

test("machines of another folder are not listed while it is there, and marked as others' when it is not", async () => {
  await mkdir(join(root, "there"));
  const container = (name: string, home: string) => ({
    Id: name,
    State: { Status: "exited", ExitCode: 0 },
    Config: { Labels: { "dev.localkube.machine": name, "dev.localkube.home": join(root, home) } },
  });
  const { host, c } = recordingHost([
    ["podman ps", { stdout: "a\nb\nc\n" }],
    [
      "podman container inspect",
      { stdout: JSON.stringify([container("a", "mine"), container("b", "there"), container("c", "gone")]) },
    ],
    ["podman volume ls", { stdout: "d-var\ne-var\n" }],
    [
      "podman volume inspect",
      {
        stdout: JSON.stringify([
          {
            Name: "d-var",
            Labels: { "dev.localkube.machine": "d", "dev.localkube.home": join(root, "mine") },
          },
          {
            Name: "e-var",
            Labels: { "dev.localkube.machine": "e", "dev.localkube.home": join(root, "there") },
          },
        ]),
      },
    ],
    ["podman network ls", { stdout: "f\n" }],
    [
      "podman network inspect",
      { stdout: JSON.stringify([{ name: "f", labels: { "dev.localkube.machine": "f" } }]) },
    ],
  ]);
  const mine = { ...host, stateDir: join(root, "mine") };
  const list = await podman.open(mine).list({ ...c, host: mine });
  expect([...list].sort((a, b) => a.name.localeCompare(b.name))).toEqual([
    { name: "a", state: "stopped" },
    { name: "c", state: "stopped", home: join(root, "gone") },
    { name: "d", state: "absent" },
    { name: "f", state: "absent" },
  ]);
});

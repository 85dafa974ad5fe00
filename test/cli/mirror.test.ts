import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";

let home: string;
let mirror: string;
beforeEach(async () => {
  home = await temporaryHome();
  mirror = join(home, "mirror");
});

const path = "dl.k8s.io/release/v9.9.9/bin/linux/amd64/kube-proxy";
const other = "dl.k8s.io/release/v9.9.9/bin/linux/amd64/kube-scheduler";
const digest = (text: string) => createHash("sha256").update(text).digest("hex");

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(mirror, file)), { recursive: true });
  await writeFile(join(mirror, file), text);
}

test("verify is content with a good mirror", async () => {
  await put(path, "good");
  await put("SHA256SUMS", `${digest("good")}  ${path}\n`);
  const { stdout, stderr, exitCode } = await localkube(home, ["mirror", "verify", mirror]);
  expect(stdout).toBe(`${mirror}: 1 files, 0 bad, 0 without a known digest\n`);
  expect(stderr).toContain("Checking the mirror");
  expect(exitCode).toBe(0);
});

test("verify names each damaged and each missing file, and exits with 74", async () => {
  await put(path, "bad");
  await put("stray.txt", "who knows");
  await put("SHA256SUMS", `${digest("good")}  ${path}\n${digest("x")}  ${other}\n`);
  const { stdout, exitCode } = await localkube(home, ["mirror", "verify", mirror]);
  expect(exitCode).toBe(74);
  expect(stdout).toContain(`BAD        ${path} has digest ${digest("bad")}`);
  expect(stdout).toContain(`BAD        ${other} is missing`);
  expect(stdout).toContain("no digest  stray.txt");
  const json = await localkube(home, ["mirror", "verify", mirror, "-o", "json"]);
  const events = json.stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; data: { bad?: { path: string }[] } });
  const result = events.find(({ type }) => type === "dev.localkube.result");
  expect(result?.data.bad?.map((fault) => fault.path).sort()).toEqual([path, other].sort());
  expect(json.exitCode).toBe(74);
});

test("verify does not take an empty or absent folder for a good mirror", async () => {
  const absent = await localkube(home, ["mirror", "verify", mirror]);
  expect([absent.exitCode, absent.stderr]).toEqual([2, expect.stringContaining("MIRROR_INVALID")]);
  await mkdir(mirror);
  const empty = await localkube(home, ["mirror", "verify", mirror]);
  expect([empty.exitCode, empty.stderr]).toEqual([2, expect.stringContaining("no artifacts")]);
});

test("pull and build refuse a place that is no folder, before they fetch anything", async () => {
  await writeFile(mirror, "a file");
  const version = ["--kubernetes-version", "v1.36.5", "--artifacts", "upstream"];
  for (const argv of [
    ["pull", mirror, ...version],
    ["build", mirror, "--from", "debian"],
  ]) {
    const { stderr, exitCode } = await localkube(home, ["mirror", ...argv]);
    expect(stderr).toContain("MIRROR_FOLDER_UNUSABLE");
    expect(exitCode).toBe(73);
  }
});

test("pull says when its source does not answer, and leaves no half mirror", async () => {
  const argv = ["mirror", "pull", mirror, "--kubernetes-version", "v1.36.5", "--artifacts", "upstream"];
  const { stderr, exitCode } = await localkube(home, [...argv, "--mirror", "http://127.0.0.1:9/"]);
  expect(stderr).toMatch(/^Error MIRROR_UNREACHABLE: .*127\.0\.0\.1:9/m);
  expect(exitCode).toBe(69);
  expect(await readdir(mirror)).toEqual([]);
});

test("pull knows which versions there are", async () => {
  const { stderr, exitCode } = await localkube(home, [
    "mirror",
    "pull",
    mirror,
    "--kubernetes-version",
    "v1.99.0",
  ]);
  expect(stderr).toContain("KUBERNETES_VERSION_UNKNOWN");
  expect(exitCode).toBe(2);
});

test("pull refuses an addon that does not exist before it makes the folder", async () => {
  const pull = ["mirror", "pull", mirror, "--artifacts", "debian", "--addons", "storage,metrix"];
  const { exitCode, stderr } = await localkube(home, pull);
  expect(exitCode).toBe(66);
  expect(stderr).toMatch(/^Error ADDON_UNKNOWN: There is no addon 'metrix'/);
  await expect(readdir(mirror)).rejects.toThrow("ENOENT");
});

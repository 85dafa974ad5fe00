import { spawnSync } from "node:child_process";
import { readFile, readlink } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, projectRoot, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
});
const units = () => join(home, ".config/systemd/user");
const unit = () => readFile(join(units(), "localkube-two.service"), "utf8");
const link = () => readlink(join(units(), "default.target.wants/localkube-two.service"));
const status = async () =>
  JSON.parse((await localkube(home, ["autostart", "status", "-p", "two", "-o", "json"])).stdout) as object;

test("enable writes a unit that systemd accepts and would start; enabling again changes nothing", async () => {
  await storeCluster(home, "two");
  expect(await status()).toMatchObject({ name: "two", enabled: false });
  const { stdout, exitCode } = await localkube(home, ["autostart", "enable", "-p", "two"]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain("localkube-two.service");
  expect(await status()).toMatchObject({ enabled: true });
  const text = await unit();
  expect(text).toContain(`ExecStart=${join(projectRoot, "bin/localkube")}`);
  expect(text).toContain(`Environment="LOCALKUBE_HOME=${join(home, "state")}"`);
  expect(await link()).toBe(join(units(), "localkube-two.service"));
  const verified = spawnSync("systemd-analyze", [
    ...["--user", "verify", "--man=no"],
    join(units(), "localkube-two.service"),
  ]);
  if (verified.error === undefined) expect(String(verified.stderr)).not.toContain("localkube-two.service:");
  await localkube(home, ["autostart", "enable", "-p", "two"]);
  expect(await unit()).toBe(text);
});

test.each([["autostart", "disable"], ["delete"]])("%s %s takes the unit away", async (...removal) => {
  await storeCluster(home, "two");
  await localkube(home, ["autostart", "enable", "-p", "two"]);
  expect(await link()).toContain("localkube-two.service");
  for (let times = 0; times < 2; times += 1) {
    expect((await localkube(home, [...removal, "-p", "two"])).exitCode).toBe(0);
    await expect(unit()).rejects.toThrow(/ENOENT/);
    await expect(link()).rejects.toThrow(/ENOENT/);
  }
});

test("a cluster that is not there cannot be enabled", async () => {
  const { stderr, exitCode } = await localkube(home, ["autostart", "enable", "-p", "two"]);
  expect(stderr).toContain("CLUSTER_UNKNOWN");
  expect(exitCode).toBe(66);
});

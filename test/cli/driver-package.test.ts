import { existsSync } from "node:fs";
import { chmod, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, projectRoot, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

let home: string;
let folder: string;
beforeEach(async () => {
  home = await temporaryHome();
  folder = join(home, "state/drivers/node_modules/localkube-driver-podbox");
  await mkdir(join(folder, ".."), { recursive: true });
  await cp(join(projectRoot, "test/fixtures/localkube-driver-podbox"), folder, { recursive: true });
  await chmod(folder, 0o755);
});

const machine = {
  driver: "podbox",
  name: "localkube-two",
  address: "192.168.99.2",
  addressReachable: true,
  ports: { ssh: 2222, api: 6443 },
  data: {},
};
const stored = () =>
  storeCluster(home, "two", { driver: "podbox", nodes: [{ name: "two", role: "control-plane", machine }] });
const recordOf = (name: string): string => join(home, "state/clusters", name, "cluster.json");

test("a cluster whose driver was uninstalled names the package, and keeps everything", async () => {
  await stored();
  await rm(folder, { recursive: true });
  for (const argv of [["status"], ["stop"], ["start"], ["start", "--recreate"], ["delete"]]) {
    const { stderr, exitCode } = await localkube(home, [...argv, "-p", "two"]);
    expect(stderr).toContain("Error DRIVER_NOT_INSTALLED: The driver podbox");
    expect(stderr.replace(/\s+/g, " ")).toContain("npm install -g localkube-driver-podbox");
    expect(exitCode).toBe(69);
  }
  expect((await localkube(home, ["delete", "-p", "two"])).stderr).toContain("--forget removes");
  expect(existsSync(recordOf("two"))).toBe(true);
  expect((await localkube(home, ["start", "-p", "two", "--driver", "podbox"])).stderr).toContain(
    "Error DRIVER_UNKNOWN",
  );
});

test.each([
  ["uninstalled", () => rm(folder, { recursive: true }), "is not installed"],
  ["damaged", () => writeFile(join(folder, "index.js"), "throw new Error('rusty')"), "rusty"],
])("delete --forget works with a driver that is %s, and says what is left", async (_what, change, reason) => {
  await stored();
  await change();
  const { stdout, stderr, exitCode } = await localkube(home, ["delete", "-p", "two", "--forget"]);
  expect({ stdout, exitCode }).toMatchObject({ stdout: "Cluster two is deleted\n", exitCode: 0 });
  const words = stderr.replace(/\s+/g, " ");
  expect(words).toContain("the machine localkube-two, 192.168.99.2, of the driver podbox, is left as it is");
  expect(words).toContain(reason);
  expect(existsSync(join(home, "state/clusters/two"))).toBe(false);
});

test("delete --forget is refused for a driver that works and whose machines can be removed", async () => {
  await stored();
  const { stderr } = await localkube(home, ["delete", "-p", "two", "--forget"]);
  expect(stderr).toContain("Error DRIVER_CANNOT");
  expect(existsSync(recordOf("two"))).toBe(true);
});

test("the options of a driver from npm are settings, also when it is uninstalled later", async () => {
  const config = (...words: string[]) => localkube(home, ["config", ...words]);
  expect((await config("set", "podbox-label", "team=blue")).stdout).toBe("podbox-label = team=blue\n");
  expect((await config("get", "podbox-label")).stdout).toBe("team=blue\n");
  expect(JSON.parse(await readFile(join(home, "state/config.json"), "utf8"))).toMatchObject({
    settings: { "podbox-label": "team=blue" },
  });
  await rm(folder, { recursive: true });
  expect((await config("set", "podbox-label", "a=b")).stderr).toContain("Error USAGE_UNKNOWN_SETTING");
  expect((await localkube(home, ["start", "--driver", "podman", "--dry-run"])).exitCode).toBe(0);
  expect((await config("unset", "podbox-label")).stdout).toContain("no longer set");
});

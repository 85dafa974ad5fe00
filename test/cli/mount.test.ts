import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { localkube, temporaryHome } from "./run-localkube.ts";
import { storeCluster } from "./stored-cluster.ts";

let home: string;
beforeEach(async () => {
  home = await temporaryHome();
  await storeCluster(home, "one");
  await mkdir(join(home, "src"));
  await writeFile(join(home, "file"), "");
});

test.each([
  [["src"], 2, "MOUNT_INVALID", "localkube mount ./src:/src"],
  [["src:/etc/x"], 2, "MOUNT_TARGET_REFUSED", "/mnt/src"],
  [["none:/src"], 66, "MOUNT_SOURCE_MISSING", "localkube mount FOLDER:/src"],
  [["file:/src"], 2, "MOUNT_SOURCE_NOT_FOLDER", "localkube cp "],
  [["src:/src", "--type", "9p"], 2, "MOUNT_TYPE_NOT_OFFERED", "--type sshfs"],
  [["src:/src", "--type", "nfs"], 2, "MOUNT_TYPE_UNKNOWN", "--type"],
  [["src:/src"], 69, "CLUSTER_NOT_RUNNING", "localkube start"],
  [["src:/src", "--background"], 69, "CLUSTER_NOT_RUNNING", "localkube start"],
  [["remove"], 2, "USAGE_INVALID", "localkube mount remove --help"],
  [["remove", "/src"], 66, "MOUNT_UNKNOWN", "localkube mount list"],
])("mount %j → exit code %i, %s", async (argv, code, id, fix) => {
  const words = argv.map((word) => word.replace(/^(src|none|file):/, `${home}/$1:`));
  const { exitCode, stdout, stderr } = await localkube(home, ["mount", ...words, "-p", "one"]);
  expect(stderr).toContain(`Error ${id}: `);
  expect(stderr.split("\n").find((line) => line.startsWith("Fix: "))).toContain(fix);
  expect([exitCode, stdout]).toEqual([code, ""]);
});

test("a machine that is off has no mounts", async () => {
  const { exitCode, stdout } = await localkube(home, ["mount", "list", "-p", "one", "--output", "json"]);
  expect([exitCode, JSON.parse(stdout)]).toEqual([0, { name: "one", mounts: [] }]);
});

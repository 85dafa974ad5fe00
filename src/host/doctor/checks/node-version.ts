import process from "node:process";
import { compareReleases } from "../../versions.ts";
import { fail, ok, type HostCheck } from "../host-check.ts";

const oldest = "22.15";

export const nodeVersion: HostCheck = {
  id: "node-version",
  title: "Node.js",
  run: () => Promise.resolve(judgeNodeVersion(process.versions.node)),
};

export function judgeNodeVersion(version: string) {
  if (compareReleases(version, oldest) >= 0) return ok(`Node.js ${version}`);
  const fix = "Run npm ci in localkube's folder: it installs a suitable Node.js";
  return fail(`Node.js ${version} is older than ${oldest}`, fix);
}

import process from "node:process";
import { fail, ok, type HostCheck } from "../host-check.ts";

const [oldestMajor, oldestMinor] = [22, 15];

export const nodeVersion: HostCheck = {
  id: "node-version",
  title: "Node.js",
  run: () => Promise.resolve(judgeNodeVersion(process.versions.node)),
};

export function judgeNodeVersion(version: string) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const isEnough = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  if (isEnough) return ok(`Node.js ${version}`);
  const fix = "Run npm ci in localkube's folder: it installs a suitable Node.js";
  return fail(`Node.js ${version} is older than ${oldestMajor}.${oldestMinor}`, fix);
}

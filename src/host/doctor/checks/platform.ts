import { arch, release } from "node:os";
import process from "node:process";
import { osRelease } from "../../os-release.ts";
import { compareReleases } from "../../versions.ts";
import { type HostCheck, fail, ok } from "../host-check.ts";

export const operatingSystem: HostCheck = {
  id: "operating-system",
  title: "Operating system",
  async run(host) {
    if (host.platform !== "linux")
      return fail(
        `the host runs ${host.platform}`,
        "Run localkube on Linux, for instance in a virtual machine",
      );
    if (!["x64", "arm64"].includes(arch()))
      return fail(`the processor is ${arch()}`, "Run localkube on an amd64 or arm64 machine");
    const { prettyName } = await osRelease();
    return ok(`${prettyName}, kernel ${release()}, ${host.arch}`);
  },
};

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

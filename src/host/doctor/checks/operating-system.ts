import { arch, release } from "node:os";
import { osRelease } from "../../os-release.ts";
import { fail, ok, type HostCheck } from "../host-check.ts";

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

import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { vboxmanage } from "./vboxmanage.ts";
import { parseVersion, type Version } from "./version.ts";

const timeoutMs = 10_000;

/** The version of VirtualBox that answers here. Rejects with DRIVER_UNUSABLE when it reports none. */
export async function installedVersion({ host, signal }: RunContext): Promise<Version> {
  const output = await vboxmanage(host, ["--version"], { signal, timeoutMs });
  const version = parseVersion(output);
  if (version) return version;
  throw new LocalkubeError(
    "DRIVER_UNUSABLE",
    {
      driver: "virtualbox",
      problem: "VBoxManage --version reports no version",
      fix: "Reinstall VirtualBox",
    },
    { output },
  );
}

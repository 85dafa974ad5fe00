import type { HostContext } from "../../../src/contract/host.ts";
import type { Obstacle } from "./obstacle.ts";

const bundle = "org.virtualbox.kext.VBoxDrv";
const timeoutMs = 1000;

/** VirtualBox before 7.0 needs a kernel extension on macOS, which the user must have allowed. */
export async function blockedExtension({ run }: Pick<HostContext, "run">): Promise<Obstacle | undefined> {
  const argv = ["kmutil", "showloaded", "--bundle-identifier", bundle] as const;
  const said = await run([...argv], { timeoutMs, allowFailure: true }).catch(() => undefined);
  if (said === undefined || said.stdout.includes(bundle)) return undefined;
  return {
    problem: "macOS blocks VirtualBox' kernel extension",
    fix: "Allow 'Oracle America, Inc.' in System Settings, Privacy & Security, then restart the Mac",
  };
}

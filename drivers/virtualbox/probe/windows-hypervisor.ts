import type { HostContext } from "../../../src/contract/host.ts";
import { isWsl } from "../find-vboxmanage.ts";

const timeoutMs = 4000;
const question = "(Get-CimInstance -ClassName Win32_ComputerSystem).HypervisorPresent";

/**
 * Why machines would be slow on this Windows: its own hypervisor holds the processor's virtualization and VirtualBox runs on top of it.
 * Undefined when it does not, and on other systems. Inside WSL 2 it always does.
 */
export async function windowsHypervisor({
  run,
  platform,
  env,
}: Pick<HostContext, "run" | "platform" | "env">): Promise<string | undefined> {
  const wsl = platform === "linux" && isWsl(env);
  if (platform !== "win32" && !wsl) return undefined;
  const argv = ["powershell.exe", "-NoProfile", "-NonInteractive", "-Command", question] as const;
  const said = wsl
    ? "True"
    : await run([...argv], { timeoutMs, allowFailure: true }).then(
        ({ stdout }) => stdout.trim(),
        () => "",
      );
  return said === "True"
    ? "Hyper-V (or WSL 2, or memory integrity) holds the processor's virtualization; as administrator: bcdedit /set hypervisorlaunchtype off, then restart Windows"
    : undefined;
}

import type { HostContext } from "../../src/contract/host.ts";
import { isWsl } from "./find-vboxmanage.ts";

/**
 * The path in the form VBoxManage expects: inside WSL VirtualBox is a Windows program, and `wslpath` returns the Windows path of the file.
 * Everywhere else it is the path itself.
 */
export async function hostPath(file: string, host: HostContext, signal?: AbortSignal): Promise<string> {
  if (host.platform !== "linux" || !isWsl(host.env)) return file;
  const { stdout } = await host.run(["wslpath", "-a", "-w", file], {
    timeoutMs: 5000,
    ...(signal ? { signal } : {}),
  });
  return stdout.trim();
}

/** Whether VirtualBox's `location` is inside `folder`; Windows ignores case and the kind of slash. */
export function isInside(location: string, folder: string): boolean {
  const windows = /^[A-Za-z]:[\\/]|^\\\\/.test(folder);
  const plain = (path: string): string => (windows ? path.replaceAll("\\", "/").toLowerCase() : path);
  return plain(location).startsWith(`${plain(folder).replace(/\/+$/, "")}/`);
}

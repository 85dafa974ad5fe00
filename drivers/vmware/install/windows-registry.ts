import type { HostContext } from "../../../src/contract/host.ts";

/** 32-bit installers write into the first, newer 64-bit ones into the second. */
const folders = ["HKLM\\SOFTWARE\\WOW6432Node", "HKLM\\SOFTWARE"] as const;
const keys = ["Workstation", "Player"].flatMap((product) =>
  folders.map((folder) => `${folder}\\VMware, Inc.\\VMware ${product}`),
);

type Host = Pick<HostContext, "run">;

/** The folder that the installer of Workstation, otherwise of Player, recorded. */
export const installFolder = (host: Host): Promise<string | undefined> => value(host, "InstallPath");

/** As `17.6.2.2460`. */
export const productVersion = (host: Host): Promise<string | undefined> => value(host, "ProductVersion");

async function value(host: Host, name: string): Promise<string | undefined> {
  for (const key of keys) {
    const argv = ["reg", "query", key, "/v", name] as const;
    const { exitCode, stdout } = await host.run(argv, { timeoutMs: 2000, allowFailure: true });
    const found = exitCode === 0 ? valueIn(stdout, name) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** Parses `    InstallPath    REG_SZ    C:\Program Files (x86)\VMware\VMware Workstation\`. */
const valueIn = (output: string, name: string): string | undefined =>
  new RegExp(`^\\s+${name}\\s+REG_\\w+\\s+(.+?)\\s*$`, "m").exec(output)?.[1];

import type { HostContext } from "../../../src/contract/host.ts";

const key = "HKLM\\SOFTWARE\\WOW6432Node\\VMware, Inc.\\VMware ";
const products = ["Workstation", "Player"] as const;

type Host = Pick<HostContext, "run">;

/** What the installer of Workstation, else of Player, wrote as its folder. */
export const installFolder = (host: Host): Promise<string | undefined> => value(host, "InstallPath");

/** As `17.6.2.2460`. */
export const productVersion = (host: Host): Promise<string | undefined> => value(host, "ProductVersion");

async function value(host: Host, name: string): Promise<string | undefined> {
  for (const product of products) {
    const argv = ["reg", "query", `${key}${product}`, "/v", name] as const;
    const { exitCode, stdout } = await host.run(argv, { timeoutMs: 2000, allowFailure: true });
    const found = exitCode === 0 ? valueIn(stdout, name) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** Reads `    InstallPath    REG_SZ    C:\Program Files (x86)\VMware\VMware Workstation\`. */
const valueIn = (output: string, name: string): string | undefined =>
  new RegExp(`^\\s+${name}\\s+REG_\\w+\\s+(.+?)\\s*$`, "m").exec(output)?.[1];

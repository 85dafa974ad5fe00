import { readFile } from "node:fs/promises";
import type { HostContext } from "../../src/contract/host.ts";
import { type Network, parseNetwork } from "../../src/host/network.ts";
import { atLeast, type Version } from "./version.ts";

/** Where the administrator can allow more networks (from 6.1.28 on Linux, Solaris and macOS). */
export const networksConf = "/etc/vbox/networks.conf";
const built = "192.168.56.0/21";

/**
 * IPv4 ranges VirtualBox accepts for host-only networks: 192.168.56.0/21, or what networks.conf lists instead. Older versions and Windows
 * accept any; we use the same range there.
 */
export async function allowedRanges(
  { platform }: Pick<HostContext, "platform">,
  version: Version,
  file: string = networksConf,
): Promise<readonly Network[]> {
  const restricted = platform !== "win32" && atLeast(version, 6, 1, 28);
  const text = restricted ? await readFile(file, "utf8").catch(() => undefined) : undefined;
  return text === undefined ? [parseNetwork(built)!] : parseNetworksConf(text);
}

/** Parses lines of the form `* 10.0.0.0/8 192.168.0.0/16 fe80::/10`; comments begin with #. IPv6 is skipped. */
export const parseNetworksConf = (text: string): readonly Network[] =>
  text
    .split(/\r?\n/)
    .filter((line) => line.trim().startsWith("*"))
    .flatMap((line) =>
      line
        .trim()
        .slice(1)
        .split(/[\s,]+/),
    )
    .flatMap((cidr) => parseNetwork(cidr) ?? []);

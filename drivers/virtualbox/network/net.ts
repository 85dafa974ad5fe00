import { createHash } from "node:crypto";
import type { RunContext } from "../../../src/contract/host.ts";
import { addressIn } from "../../../src/host/network.ts";
import { explained } from "../known-failures.ts";
import { parseBlocks } from "../output.ts";
import { vboxmanage } from "../vboxmanage.ts";
import type { HostOnlyOps } from "./adapter.ts";

const mask = "255.255.255.0";
/** Addresses that VirtualBox' own DHCP server may assign; the first becomes the host's, our machines' are above them. */
const [lowest, highest] = [1, 9];

/** `hostonlynet`: what macOS has instead of adapters since 7.0. Its interface on the host exists only while a machine runs. */
export const hostOnlyNets: HostOnlyOps = {
  async taken(c) {
    return (await nets(c)).flatMap(({ lower }) => (lower === "" ? [] : [`${lower}/24`]));
  },
  async make(cidr, c) {
    const name = nameOf(c);
    const range = ["--lower-ip", addressIn(cidr, lowest), "--upper-ip", addressIn(cidr, highest)];
    try {
      await vboxmanage(
        c.host,
        ["hostonlynet", "add", "--name", name, "--netmask", mask, ...range, "--enable"],
        { signal: c.signal },
      );
      return name;
    } catch (error) {
      c.signal.throwIfAborted();
      throw explained(error, "make a host-only network", c.host);
    }
  },
  async repair(network, c) {
    const found = (await nets(c)).find(({ name }) => name === network.name);
    if (!found) return hostOnlyNets.make(network.cidr, c);
    if (found.lower !== addressIn(network.cidr, lowest)) {
      const range = [
        "--lower-ip",
        addressIn(network.cidr, lowest),
        "--upper-ip",
        addressIn(network.cidr, highest),
      ];
      const argv = ["hostonlynet", "modify", "--name", network.name, "--netmask", mask, ...range, "--enable"];
      await vboxmanage(c.host, argv, { signal: c.signal }).catch((error: unknown) => {
        c.signal.throwIfAborted();
        throw explained(error, `give ${network.name} the network ${network.cidr}`, c.host);
      });
    }
    return network.name;
  },
  async remove({ cidr }, c) {
    for (const { name, lower } of await nets(c))
      if (name === nameOf(c) && lower === addressIn(cidr, lowest))
        await vboxmanage(c.host, ["hostonlynet", "remove", "--name", name], { signal: c.signal });
  },
};

/** One per state folder: it is the network of all its machines. */
const nameOf = ({ host }: RunContext): string =>
  `localkube-${createHash("sha256").update(host.stateDir).digest("hex").slice(0, 8)}`;

async function nets(c: RunContext): Promise<readonly { readonly name: string; readonly lower: string }[]> {
  const list = await vboxmanage(c.host, ["list", "hostonlynets"], { signal: c.signal });
  return parseBlocks(list, "Name").map((block) => ({
    name: block.get("Name") ?? "",
    lower: block.get("LowerIP") ?? "",
  }));
}

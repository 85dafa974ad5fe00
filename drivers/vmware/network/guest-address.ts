import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import ipaddr from "ipaddr.js";
import type { RunContext } from "../../../src/contract/host.ts";
import type { MachineFile } from "../machine-file.ts";
import type { MachineFiles } from "../machine-folder.ts";
import { vmrun } from "../vmrun.ts";
import { leasedAddress } from "./leases.ts";
import { networkFiles } from "./network-files.ts";

const askMs = 5000;
const dialMs = 1500;

type Context = Pick<RunContext, "host" | "signal">;

/**
 * One sentence about where the running guest is: at its own address, or elsewhere according to VMware: from what its first boot wrote back,
 * from the Tools, or from the DHCP server's leases. Rejects only with the signal's reason.
 */
export async function guestAddress(
  { ref, mac }: Pick<MachineFile, "ref" | "mac">,
  { vmx }: Pick<MachineFiles, "vmx">,
  c: Context,
): Promise<string> {
  if (await answers(ref.address)) return `Its sshd answers at ${ref.address}`;
  const sources: readonly (readonly [string, () => Promise<string | undefined>])[] = [
    ["its first boot", () => asked(["readVariable", vmx, "guestVar", "local-ipv4"], c)],
    ["VMware Tools", () => asked(["getGuestIPAddress", vmx], c)],
    ["a DHCP lease", () => fromLeases(mac, c)],
  ];
  for (const [source, find] of sources) {
    const address = await find().catch(() => undefined);
    c.signal.throwIfAborted();
    if (address !== undefined && address !== ref.address)
      return `Nobody answers at its address ${ref.address}; by ${source} it has ${address} instead`;
    if (address !== undefined)
      return `It has its address ${address} by ${source}, but sshd does not answer there`;
  }
  return `Nobody answers at its address ${ref.address}, and VMware knows no other`;
}

async function asked(args: readonly string[], c: Context): Promise<string | undefined> {
  const { ok, text } = await vmrun(args, c, askMs);
  return ok && ipaddr.IPv4.isValidFourPartDecimal(text) ? text : undefined;
}

async function fromLeases(mac: string, { host }: Context): Promise<string | undefined> {
  for (const file of networkFiles(host).leases) {
    const address = leasedAddress(await readFile(file, "utf8").catch(() => ""), mac);
    if (address) return address;
  }
  return undefined;
}

function answers(address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port: 22, timeout: dialMs });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
}

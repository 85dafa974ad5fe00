import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import ipaddr from "ipaddr.js";
import type { RunContext } from "../../src/contract/host.ts";
import type { MachineFile, MachineFiles } from "./machine-file.ts";
import { networkFiles } from "./nat-network.ts";
import { vmrun } from "./vmrun.ts";

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

/** One lease; `ends` in milliseconds since 1970. */
interface Lease {
  readonly address: string;
  readonly mac: string;
  readonly ends: number;
}

/** The address of this MAC, from the lease that ends last; undefined when no lease has it. Parses ISC's and Apple's formats. */
export function leasedAddress(text: string, mac: string): string | undefined {
  const wanted = padded(mac);
  const plain = text.replaceAll("\r\n", "\n");
  const [newest] = [...iscLeases(plain), ...appleLeases(plain)]
    .filter((lease) => padded(lease.mac) === wanted)
    .sort((a, b) => b.ends - a.ends);
  return newest?.address;
}

/** `lease 192.168.118.130 { ends 3 2026/11/25 19:00:00; hardware ethernet 00:50:…; }`; an address has several of them over time. */
function iscLeases(text: string): Lease[] {
  return [...text.matchAll(/^\s*lease\s+([\d.]+)\s*\{([^}]*)\}/gm)].flatMap(([, address = "", body = ""]) => {
    const mac = /^\s*hardware\s+ethernet\s+([\da-fA-F:]+)\s*;/m.exec(body)?.[1];
    const [, day, time] = /^\s*ends\s+\d\s+(\d+\/\d+\/\d+)\s+(\d+:\d+:\d+)\s*;/m.exec(body) ?? [];
    const never = /^\s*ends\s+never\s*;/m.test(body);
    const ends = never ? Infinity : Date.parse(`${day?.replaceAll("/", "-")}T${time}Z`);
    return mac && !Number.isNaN(ends) ? [{ address, mac, ends }] : [];
  });
}

/** `{ ip_address=192.168.64.2 hw_address=1,d:ea:0:1:2:3 lease=0x6743a1b0 }`, one per line; seconds since 1970. */
function appleLeases(text: string): Lease[] {
  return [...text.matchAll(/^\s*\{([^}]*=[^}]*)\}/gm)].flatMap(([, body = ""]) => {
    const field = (name: string): string | undefined =>
      new RegExp(`^\\s*${name}=(.*?)\\s*$`, "m").exec(body)?.[1];
    const [address, hardware, ends] = [field("ip_address"), field("hw_address"), field("lease")];
    return address && hardware && ends
      ? [{ address, mac: hardware.slice(hardware.indexOf(",") + 1), ends: Number(ends) * 1000 }]
      : [];
  });
}

const padded = (mac: string): string =>
  mac
    .toLowerCase()
    .split(":")
    .map((octet) => octet.padStart(2, "0"))
    .join(":");

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

import { afterEach, describe, expect, test } from "vitest";
import {
  chooseAddress,
  networkFiles,
  parseNatConf,
  vmwareMac,
} from "../../../../drivers/vmware/nat-network.ts";
import { guestAddress, leasedAddress } from "../../../../drivers/vmware/guest-address.ts";
import type { MachineRef } from "../../../../src/contract/driver.ts";
import { type FakeVmware, fakeVmware } from "./fake-vmware.ts";

const linuxNat = `# Linux NAT configuration file
[host]
# NAT gateway address
ip = 192.168.118.2
netmask = 255.255.255.0
device = /dev/vmnet8
[udp]
timeout = 30
[incomingtcp]
ip = 1.2.3.4
`;
const dhcp = `# Configuration file for ISC 2.0 vmnet-dhcpd
allow unknown-clients;
subnet 192.168.50.0 netmask 255.255.255.0 {
	range 192.168.50.128 192.168.50.254;
}
subnet 192.168.118.0 netmask 255.255.255.0 {
	range 192.168.118.128 192.168.118.254;
	option routers 192.168.118.2;
}
host vmnet8 {
	hardware ethernet 00:50:56:C0:00:08;
	fixed-address 192.168.118.1;
}
`;
const nat = {
  network: { address: "192.168.118.0", prefix: 24 },
  gateway: "192.168.118.2",
  dhcpRange: ["192.168.118.128", "192.168.118.254"],
} as const;

describe("VMware's NAT network", () => {
  test("is read from Linux' and macOS' files", () => {
    expect(parseNatConf(linuxNat, dhcp)).toEqual(nat);
  });

  test("is read from Windows' files, with CRLF and the prefix in the address", () => {
    const windows =
      "[host]\r\n# NAT gateway address\r\nip = 192.168.118.2/24\r\nhostMAC = 00:50:56:c0:00:08\r\ndevice = VMnet8\r\n";
    expect(parseNatConf(windows, dhcp.replaceAll("\n", "\r\n"))).toEqual(nat);
  });

  test("may have no DHCP server, and may be unreadable", () => {
    expect(parseNatConf(linuxNat, "")).toEqual({ ...nat, dhcpRange: undefined });
    expect(parseNatConf("[udp]\ntimeout = 30\n", dhcp)).toBeUndefined();
    expect(parseNatConf(linuxNat.replace("255.255.255.0", "255.0.255.0"), dhcp)).toBeUndefined();
  });

  test("is looked for where each system keeps it", () => {
    expect(networkFiles({ env: {}, platform: "linux" })).toMatchSnapshot("linux");
    expect(networkFiles({ env: {}, platform: "darwin" })).toMatchSnapshot("darwin");
    const rooted = networkFiles({ env: { LOCALKUBE_VMWARE_ROOT: "/opt/rig" }, platform: "linux" });
    expect(rooted.nat).toBe("/opt/rig/etc/vmware/vmnet8/nat/nat.conf");
  });
});

describe("a static address", () => {
  const choose = (key: string, taken: readonly string[] = []) =>
    chooseAddress(key, nat, taken, ["10.96.0.0/12"]);

  test("is the same for the same machine, and outside what DHCP gives away", () => {
    expect(choose("/a/one")).toBe(choose("/a/one"));
    for (let i = 0; i < 300; i++) {
      const last = Number(choose(`/a/${i}`).split(".")[3]);
      expect(last).toBeGreaterThanOrEqual(3);
      expect(last).toBeLessThan(128);
    }
  });

  test("is nobody else's", () => {
    const first = choose("/a/one");
    expect(choose("/a/one", [first])).not.toBe(first);
    const all = Array.from({ length: 125 }, (_, i) => `192.168.118.${i + 3}`);
    expect(() => choose("/a/one", all)).toThrow(/no address left/);
  });

  test("is refused in a network that the cluster uses inside", () => {
    expect(() => chooseAddress("/a/one", nat, [], ["192.168.0.0/16"])).toThrow(/192\.168\.0\.0\/16 overlaps/);
  });
});

test("a MAC is of VMware's static range, and the same for the same machine", () => {
  const macs = Array.from({ length: 300 }, (_, i) => vmwareMac(`/a/${i}`));
  expect(macs.every((mac) => /^00:50:56:[0-3][0-9a-f]:[0-9a-f]{2}:[0-9a-f]{2}$/.test(mac))).toBe(true);
  expect(new Set(macs).size).toBe(300);
  expect(vmwareMac("/a/1")).toBe(macs[1]);
});

describe("leases", () => {
  const lease = (address: string, ends: string, mac: string) =>
    `lease ${address} {\n\tstarts 2 2026/11/24 18:00:00;\n\tends ${ends};\n\thardware ethernet ${mac};\n\tuid "\\001\\000";\n\tclient-hostname "one";\n}\n`;

  test("by ISC's grammar: the one that ends last wins, whatever the order, CRLF and letters", () => {
    const text = [
      "# All times in this file are in UTC\n",
      lease("192.168.118.131", "3 2026/11/25 19:30:00", "00:50:56:0a:0B:0c"),
      lease("192.168.118.130", "3 2026/11/25 19:00:00", "00:50:56:0A:0b:0c"),
      lease("192.168.118.140", "never", "00:50:56:0a:0b:0d"),
      lease("192.168.118.141", "3 2026/11/25 20:00:00", "00:50:56:0a:0b:0d"),
    ].join("");
    for (const one of [text, text.replaceAll("\n", "\r\n"), text.replaceAll("\t", "  ")]) {
      expect(leasedAddress(one, "00:50:56:0a:0b:0c")).toBe("192.168.118.131");
      expect(leasedAddress(one, "00:50:56:0a:0b:0d")).toBe("192.168.118.140");
      expect(leasedAddress(one, "00:50:56:0a:0b:0e")).toBeUndefined();
    }
  });

  test("by Apple's grammar, whose MACs are not padded", () => {
    const apple = (address: string, mac: string, ends: number) =>
      `{\n\tname=one\n\tip_address=${address}\n\thw_address=1,${mac}\n\tidentifier=1,${mac}\n\tlease=0x${ends.toString(16)}\n}\n`;
    const text =
      apple("192.168.64.5", "0:50:56:a:b:c", 1000) +
      apple("192.168.64.6", "0:50:56:a:b:c", 2000) +
      apple("192.168.64.7", "0:50:56:a:b:1c", 3000);
    expect(leasedAddress(text, "00:50:56:0a:0b:0c")).toBe("192.168.64.6");
    expect(leasedAddress(text, "00:50:56:0a:0b:1c")).toBe("192.168.64.7");
  });

  test("that are half written are none", () => {
    expect(
      leasedAddress("lease 1.2.3.4 {\n hardware ethernet 00:50:56:0a:0b:0c;\n", "00:50:56:0a:0b:0c"),
    ).toBeUndefined();
  });
});

describe("where a guest is that does not answer", () => {
  // A group's address: no TCP connection goes there, and that is told at once.
  const own = "224.0.0.1";
  const mac = "00:50:56:0a:0b:0c";
  let fake: FakeVmware;
  afterEach(() => fake.dispose());
  const iscLease = `lease 192.168.118.133 {\n\tends never;\n\thardware ethernet ${mac};\n}\n`;
  const appleLease = "{\n\tip_address=192.168.64.9\n\thw_address=1,0:50:56:a:b:c\n\tlease=0x6743a1b0\n}\n";

  /** The sentence, and the verbs that were asked for it. */
  const told = async (said: Readonly<Record<string, string | Error>>) => {
    fake.answer = (verb) => said[verb];
    fake.commands.length = 0;
    const ref = { address: own } as MachineRef;
    const sentence = await guestAddress({ ref, mac }, { vmx: "/one.vmx" }, fake.c);
    return [sentence, ...fake.commands.map((line) => / -T \w+ (.*)$/.exec(line)?.[1])];
  };
  const firstBoot = "readVariable /one.vmx guestVar local-ipv4";
  const tools = "getGuestIPAddress /one.vmx";
  const noTools = new Error("Error: The VMware Tools are not running in the virtual machine: /one.vmx");

  test("is asked of its first boot, then of the Tools, then of the leases", async () => {
    fake = fakeVmware();
    fake.put("/etc/vmware/vmnet8/dhcpd/dhcpd.leases", iscLease);
    const answers = { readVariable: "192.168.118.131\n", getGuestIPAddress: "192.168.118.132\n" };
    const elsewhere = (source: string, address: string) =>
      `Nobody answers at its address ${own}; by ${source} it has ${address} instead`;
    expect(await told(answers)).toEqual([elsewhere("its first boot", "192.168.118.131"), firstBoot]);
    for (const readVariable of ["\n", new Error("Error: The variable is unknown"), "not an address\n"])
      expect(await told({ ...answers, readVariable })).toEqual([
        elsewhere("VMware Tools", "192.168.118.132"),
        firstBoot,
        tools,
      ]);
    expect(await told({ getGuestIPAddress: noTools })).toEqual([
      elsewhere("a DHCP lease", "192.168.118.133"),
      firstBoot,
      tools,
    ]);
    fake.remove("/etc/vmware/vmnet8/dhcpd/dhcpd.leases");
    expect((await told({ getGuestIPAddress: noTools }))[0]).toBe(
      `Nobody answers at its address ${own}, and VMware knows no other`,
    );
  });

  test("is asked of macOS' leases where Fusion's have no such MAC", async () => {
    fake = fakeVmware("fusion");
    fake.put("/var/db/vmware/vmnet-dhcpd-vmnet8.leases", iscLease.replace(mac, "00:50:56:0a:0b:0d"));
    fake.put("/var/db/dhcpd_leases", appleLease);
    expect((await told({ getGuestIPAddress: noTools }))[0]).toContain("by a DHCP lease it has 192.168.64.9");
    fake.put("/var/db/vmware/vmnet-dhcpd-vmnet8.leases", iscLease);
    expect((await told({ getGuestIPAddress: noTools }))[0]).toContain("192.168.118.133");
  });

  test("is its own address where VMware says so", async () => {
    fake = fakeVmware();
    expect((await told({ readVariable: `${own}\n` }))[0]).toBe(
      `It has its address ${own} by its first boot, but sshd does not answer there`,
    );
  });
});

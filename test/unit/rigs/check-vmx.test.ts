import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { machineFiles } from "../../../drivers/vmware/machine-file.ts";
import { guestInfo, machineVmx } from "../../../drivers/vmware/machine-vmx.ts";
import { serializeVmx } from "../../../drivers/vmware/vmx.ts";
import { checkVmx } from "../../rigs/vmware/stand-in/check-vmx.ts";
import { parseDictionary } from "../../rigs/vmware/stand-in/dictionary.ts";
import { correctDescriptor, growVmdk, openVmdk } from "../../rigs/vmware/stand-in/vmdk.ts";

/** The rig is worth what it refuses: a .vmx as the driver writes it passes, each mistake in it does not. */
const folder = mkdtempSync(join(tmpdir(), "localkube-check-vmx-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const rig = { root: folder, bridge: "none", network: "192.168.118", product: "ws" } as const;
const seed = {
  hostname: "one",
  authorizedKey: "ssh-ed25519 AAAALOGIN",
  hostKey: { privatePem: "PRIVATE", publicKey: "ssh-ed25519 AAAAHOST" },
  instanceId: "id-1",
  interfaces: [
    {
      name: "eth0",
      mac: "00:50:56:01:02:03",
      address: "192.168.118.9/24",
      gateway: "192.168.118.2",
      dns: ["192.168.118.2"],
    },
  ],
};
const wanted = {
  name: "localkube-one",
  arch: "amd64",
  hardware: { cpus: 2, memoryMiB: 2048, diskGiB: 20 },
  mac: "00:50:56:01:02:03",
  guestInfo: guestInfo(seed, "cloud-init"),
  seedDisc: true,
} as const;
const text = serializeVmx(machineVmx(wanted, machineFiles({ stateDir: "/nowhere" }, wanted.name)));

/** A sparse extent with a descriptor and one grain table. */
function makeVmdk(file: string, sectors: number): void {
  const bytes = Buffer.alloc(64 * 512);
  bytes.write("KDMV");
  bytes.writeBigUInt64LE(BigInt(sectors), 12);
  for (const [at, value] of [
    [20, 128],
    [28, 1],
    [36, 20],
    [48, 21],
    [56, 22],
    [64, 64],
  ] as const)
    bytes.writeBigUInt64LE(BigInt(value), at);
  bytes.writeUInt32LE(512, 44);
  bytes.writeUInt32LE(30, 21 * 512);
  bytes.writeUInt32LE(34, 22 * 512);
  bytes.write(
    `# Disk DescriptorFile\nRW ${sectors} SPARSE "other.vmdk"\nddb.adapterType = "lsilogic"\n`,
    512,
  );
  writeFileSync(file, bytes);
}
makeVmdk(join(folder, "disk.vmdk"), 65_536);
correctDescriptor(join(folder, "disk.vmdk"));
writeFileSync(join(folder, "seed.iso"), "");
const check = (changed: string) => checkVmx(parseDictionary(changed), folder, rig);

test("what the driver writes passes", () => {
  expect(check(text)).toBe("192.168.118.9");
});

test.each(
  [...parseDictionary(text).keys()].filter(
    (name) =>
      !/^(?:pciBridge[4-7]|powerType|tools|hpet0|hgfs|vmci0|vhv|sata0:|.*wakeOn|.*linkState)/.test(name),
  ),
)("without %s nothing starts", (name) => {
  const lines = text.split("\n").filter((line) => !line.startsWith(`${name} = `));
  expect(lines).toHaveLength(text.split("\n").length - 1);
  expect(() => check(lines.join("\n"))).toThrow();
});

test.each([
  ["a name that is none", "memsize", "memSizes"],
  ["a MAC of the generated range", '"00:50:56:01', '"00:50:56:41'],
  ["another MAC than the seed's", '"00:50:56:01:02:03"', '"00:50:56:01:02:04"'],
  ["a generated MAC", 'addressType = "static"', 'addressType = "generated"'],
  ["memory that is no multiple of four", 'memsize = "2048"', 'memsize = "2050"'],
  ["a controller that the disk is not for", '"pvscsi"', '"ide"'],
  ["two devices in one slot", 'sata0.pciSlotNumber = "36"', 'sata0.pciSlotNumber = "35"'],
  ["a disk that is not there", '"disk.vmdk"', '"disc.vmdk"'],
  ["a seed that is not there", '"seed.iso"', '"sead.iso"'],
  ["a value that ends nowhere", 'numvcpus = "2"', 'numvcpus = "2'],
  ["an entry without blanks", "numvcpus = ", "numvcpus="],
  ["an entry that is there twice", "numvcpus", 'MEMSIZE = "4"\nnumvcpus'],
  ["questions to a person", 'autoanswer = "TRUE"', 'autoanswer = "FALSE"'],
  ["guestinfo that is not base64", 'guestinfo.metadata = "', 'guestinfo.metadata = "!'],
  ["another encoding of guestinfo", 'metadata.encoding = "base64"', 'metadata.encoding = "gzip"'],
])("%s is refused", (_what, from, to) => {
  expect(text).toContain(from);
  expect(() => check(text.replace(from, to))).toThrow();
});

test("an address that DHCP gives away, and a foreign gateway, are refused", () => {
  const nic = seed.interfaces[0]!;
  for (const interfaces of [
    [{ ...nic, address: "192.168.118.200/24" }],
    [{ ...nic, gateway: "192.168.118.1" }],
  ]) {
    const info = guestInfo({ ...seed, interfaces }, "cloud-init");
    const wrong = serializeVmx(
      machineVmx({ ...wanted, guestInfo: info }, machineFiles({ stateDir: "/nowhere" }, wanted.name)),
    );
    expect(() => check(wrong)).toThrow(/static use|gateway/);
  }
});

test("a VMDK that was renamed without VMware's tool is refused", () => {
  makeVmdk(join(folder, "renamed.vmdk"), 65_536);
  expect(() => check(text.replace("disk.vmdk", "renamed.vmdk"))).toThrow(/extent/);
});

test("a VMDK grows by new tables, and does not shrink", () => {
  const file = join(folder, "growing.vmdk");
  makeVmdk(file, 65_536);
  growVmdk(file, 10 * 65_536);
  expect(openVmdk(file)).toEqual({ capacity: 10 * 65_536, extent: "growing.vmdk", adapter: "lsilogic" });
  expect(() => growVmdk(file, 65_536)).toThrow(/shrink/);
});

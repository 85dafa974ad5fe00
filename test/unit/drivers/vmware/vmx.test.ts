import { describe, expect, test } from "vitest";
import { guestInfo, machineVmx } from "../../../../drivers/vmware/machine-vmx.ts";
import { machineFiles } from "../../../../drivers/vmware/machine-file.ts";
import { parseVmx, serializeVmx, valueOf, withValues } from "../../../../drivers/vmware/vmx.ts";

const files = machineFiles({ stateDir: "/home/some one/.localkube" }, "localkube-one");
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
  hardware: { cpus: 2, memoryMiB: 2050, diskGiB: 20 },
  mac: "00:50:56:01:02:03",
  guestInfo: {},
  seedDisc: true,
} as const;

describe("a .vmx", () => {
  test("of an x86 machine", () => {
    expect(serializeVmx(machineVmx(wanted, files))).toMatchSnapshot();
  });

  test("of an arm64 machine that Ignition sets up", () => {
    const info = guestInfo(seed, "ignition");
    expect(Object.keys(info)).toEqual([
      "guestinfo.ignition.config.data",
      "guestinfo.ignition.config.data.encoding",
    ]);
    const vmx = machineVmx({ ...wanted, arch: "arm64", guestInfo: info, seedDisc: false }, files);
    expect(valueOf(vmx, "nvme0:0.fileName")).toBe("disk.vmdk");
    expect(valueOf(vmx, "firmware")).toBe("efi");
    expect([...vmx.keys()].filter((key) => /^(?:scsi|sata0:1)/.test(key))).toEqual([]);
  });

  test("carries the seed for cloud-init's DataSourceVMware", () => {
    const info = guestInfo(seed, "cloud-init");
    const decoded = (text = "") => Buffer.from(text, "base64").toString();
    const metadata = JSON.parse(decoded(info["guestinfo.metadata"])) as Record<string, string>;
    expect(metadata).toMatchObject({
      "instance-id": "id-1",
      "local-hostname": "one",
      "network.encoding": "base64",
    });
    expect(JSON.parse(decoded(metadata["network"]))).toMatchObject({
      version: 2,
      ethernets: { eth0: { addresses: ["192.168.118.9/24"], match: { macaddress: "00:50:56:01:02:03" } } },
    });
    expect(decoded(info["guestinfo.userdata"])).toMatch(/^#cloud-config\n\{/);
    expect(info["guestinfo.metadata.encoding"]).toBe("base64");
    expect(info["guestinfo.userdata.encoding"]).toBe("base64");
  });

  test("escapes what VMware escapes and nothing else, and reads it back", () => {
    const value = 'a "quoted" | piped\nline\tand Ünïcode 漢 #no comment';
    const text = serializeVmx(withValues(new Map(), { annotation: value }));
    expect(text).toBe('annotation = "a |22quoted|22 |7C piped|0Aline\tand Ünïcode 漢 #no comment"\n');
    expect(valueOf(parseVmx(text), "annotation")).toBe(value);
  });

  test("is read as VMware reads it: any case, CRLF, comments, no quotes, escaped bytes of UTF-8", () => {
    const text =
      '#!/usr/bin/vmware\r\n.encoding = "windows-1252"\r\n  MemSize=2048 # MiB\r\nbroken line\r\nhalf = "open\r\ndisplayname = "|C3|9C"\r\nempty = ""\r\n';
    const vmx = parseVmx(text);
    expect([...vmx.values()]).toEqual([
      { name: ".encoding", value: "windows-1252" },
      { name: "MemSize", value: "2048" },
      { name: "displayname", value: "Ü" },
      { name: "empty", value: "" },
    ]);
    expect(valueOf(vmx, "memsize")).toBe("2048");
    expect(serializeVmx(withValues(vmx, { memsize: "4096", EMPTY: undefined }))).toBe(
      '.encoding = "windows-1252"\nMemSize = "4096"\ndisplayname = "Ü"\n',
    );
  });

  test("names no folder: the state folder may be moved", () => {
    expect(serializeVmx(machineVmx(wanted, files))).not.toContain("some one");
  });
});

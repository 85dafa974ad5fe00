import { describe, expect, test } from "vitest";
import {
  atLeast,
  installDirOf,
  isInside,
  parseVersion,
  warningsOf,
  windowsFiles,
} from "../../../../drivers/virtualbox/installation.ts";
import { parseAdapters } from "../../../../drivers/virtualbox/network/adapter.ts";
import { parseBlocks, parseMachineReadable } from "../../../../drivers/virtualbox/output.ts";
import { parseHardware, parseSnapshotTag } from "../../../../drivers/virtualbox/snapshots.ts";

const warning = `WARNING: The character device /dev/vboxdrv does not exist.
\t Please install the virtualbox-dkms package and the appropriate
\t headers, most likely linux-headers-v595.

\t You will not be able to start VMs until this problem is fixed.
`;

describe("the version", () => {
  test.each([
    ["6.1.50r161033\n", [6, 1, 50]],
    ["7.1.12_Ubuntur169389\r\n", [7, 1, 12]],
    [`${warning}7.2.22_Debianr175245\n`, [7, 2, 22]],
  ])("is read from %j", (output, [major, minor, patch]) => {
    expect(parseVersion(output)).toMatchObject({ major, minor, patch });
  });

  test("is not invented", () => {
    expect(parseVersion("VBoxManage: error: Failed to load VBoxRT\n")).toBeUndefined();
    expect(warningsOf("7.1.12r169651\n")).toBe("");
    expect(warningsOf(`${warning}7.2.22_Debianr175245\n`)).toContain("/dev/vboxdrv does not exist");
  });

  test("is compared by number", () => {
    const version = parseVersion("7.1.10r1")!;
    expect([atLeast(version, "7.1.9"), atLeast(version, "7.2"), atLeast(version, "6.1.28")]).toEqual([
      true,
      false,
      true,
    ]);
  });
});

describe("showvminfo --machinereadable", () => {
  test("is read through warnings, CRLF, quotes in values and bare values", () => {
    const info = parseMachineReadable(
      `${warning}name="a "quoted" näme"\r\nmemory=2048\r\n"SATA-0-0"="/with=sign/and "quote".vdi"\r\nVMState="running"\r\n rec_screen0\r\n`,
    );
    expect(info.get("name")).toBe('a "quoted" näme');
    expect(info.get("memory")).toBe("2048");
    expect(info.get("SATA-0-0")).toBe('/with=sign/and "quote".vdi');
    expect(info.get("VMState")).toBe("running");
  });

  test("is read as 7.0 and later escape it, and as older ones do not", () => {
    const text = String.raw;
    const info = parseMachineReadable(
      text`CfgFile="/home/Zoë's \"state\"/a.vbox"` + "\n" + text`SnapFldr="C:\\Users\\a\\"` + "\ncpus=1\n",
    );
    expect(info.get("CfgFile")).toBe(`/home/Zoë's "state"/a.vbox`);
    expect([info.get("SnapFldr"), info.get("cpus")]).toEqual(["C:\\Users\\a\\", "1"]);
    const old = parseMachineReadable(text`LogFldr="C:\Users\a\"` + '\nVMState="saved"\n');
    expect([old.get("LogFldr"), old.get("VMState")]).toEqual(["C:\\Users\\a\\", "saved"]);
  });

  test("takes no state out of a description", () => {
    const info = parseMachineReadable(
      'VMState="saved"\ndescription="first\nVMState="running"\nlast"\ncpus=2\n',
    );
    expect(info.get("VMState")).toBe("saved");
    expect(info.get("cpus")).toBe("2");
  });

  test("of 7.0.0, which tells one forward alone, costs nothing: forwards are our own record", () => {
    const info = parseMachineReadable('Forwarding(0)="api,tcp,127.0.0.1,20443,,6443"\nVMState="poweroff"\n');
    expect(info.get("VMState")).toBe("poweroff");
  });
});

describe("lists", () => {
  const adapters = `${warning}Name:            vboxnet0
GUID:            786f6276-656e-4074-8000-0a0027000000
IPAddress:       192.168.59.1
NetworkMask:     255.255.255.0

Name:            vboxnet1
IPAddress:       192.168.60.1
NetworkMask:     0f000000

Name:            vboxnet0
IPAddress:       192.168.59.1
NetworkMask:     255.255.255.0
`;
  test("of adapters survive doubles and a mask written back to front", () => {
    expect(parseAdapters(adapters.replaceAll("\n", "\r\n"))).toEqual([
      { name: "vboxnet0", ip: "192.168.59.1", cidr: "192.168.59.1/24" },
      { name: "vboxnet1", ip: "192.168.60.1", cidr: "192.168.60.1/24" },
    ]);
  });

  test("keep colons of values, and begin at the first key", () => {
    const [medium] = parseBlocks("Encryption: lost\nUUID:   1\nLocation:   C:\\VMs\\a.vdi\n", "UUID");
    expect(medium?.get("Location")).toBe("C:\\VMs\\a.vdi");
    expect(medium?.has("Encryption")).toBe(false);
  });
});

describe("snapshots", () => {
  test("made in VirtualBox' own window are read from its settings", () => {
    const [with_, without] = ["7b9209b7-459a-4a53-9d86-6a88748f3fe0", "35b25ad5-9ec8-4717-8d67-af7c7aedd9e0"];
    const xml = `<Snapshot uuid="{${without}}" name="a &gt; b" timeStamp="2026-11-25T19:14:11Z">
      <Snapshot uuid="{${with_}}" name="x" timeStamp="2026-11-25T20:14:11Z" stateFile="Snapshots/2026-11-25T20-14-11-000000000Z.sav">`;
    expect(parseSnapshotTag(xml, without)).toEqual({ createdAt: "2026-11-25T19:14:11.000Z", memory: false });
    expect(parseSnapshotTag(xml, with_)).toEqual({ createdAt: "2026-11-25T20:14:11.000Z", memory: true });
    expect(parseSnapshotTag("", with_)).toEqual({ createdAt: "1970-01-01T00:00:00.000Z", memory: false });
  });

  test("tell their processors and memory", () => {
    const said = `${warning}Name:    x\nMemory size:    1024MB\nNumber of CPUs:    2\nState:    saved (since x)\n`;
    expect(parseHardware(said)).toEqual({ cpus: 2, memoryMiB: 1024 });
  });
});

describe("Windows", () => {
  test("has it where its installers say, whichever drive that is", () => {
    const files = windowsFiles({
      VBOX_MSI_INSTALL_PATH: "E:\\VirtualBox\\;F:\\",
      ProgramFiles: "D:\\Programme",
    });
    expect(files.slice(0, 3)).toEqual([
      "E:\\VirtualBox\\VBoxManage.exe",
      "F:\\VBoxManage.exe",
      "D:\\Programme\\Oracle\\VirtualBox\\VBoxManage.exe",
    ]);
    expect(
      installDirOf(
        "\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Oracle\\VirtualBox\r\n    InstallDir    REG_SZ    D:\\My VMs\\\r\n",
      ),
    ).toBe("D:\\My VMs\\");
  });

  test("does not tell case or slashes of paths, others do", () => {
    expect(
      isInside("c:/users/ZOË/.localkube/virtualbox/x/disk.vdi", "C:\\Users\\Zoë\\.localkube\\virtualbox\\x"),
    ).toBe(true);
    expect(isInside("/state/virtualbox/x-other/disk.vdi", "/state/virtualbox/x")).toBe(false);
    expect(isInside("/State/virtualbox/x/disk.vdi", "/state/virtualbox/x")).toBe(false);
  });
});

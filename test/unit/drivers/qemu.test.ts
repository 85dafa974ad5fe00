import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { accelerator, hasVirtualization } from "../../../drivers/qemu/accelerator.ts";
import { commandLine } from "../../../drivers/qemu/command-line.ts";
import { type MachineFile, machineFiles } from "../../../drivers/qemu/machine-file.ts";
import { chooseNetworks } from "../../../drivers/qemu/networks.ts";
import { versionOf } from "../../../drivers/qemu/platform.ts";
import { LocalkubeError } from "../../../src/contract/errors/localkube-error.ts";
import { hostContext } from "../../../src/host/host-context.ts";
import { recordingHost, testSpec } from "./recording-host.ts";

const machine: MachineFile = {
  schema: 1,
  ref: {
    driver: "qemu",
    name: "localkube-one",
    id: "id-1",
    address: "192.168.71.2",
    addressReachable: false,
    ports: { ssh: 20_022, api: 20_443 },
    data: {},
  },
  hostname: "one",
  hardware: { cpus: 2, memoryMiB: 2048, diskGiB: 20 },
  identity: "0123456789abcdef",
  machineType: "pc-q35-7.2",
  interfaces: [
    { name: "eth0", mac: "52:54:00:00:00:01" },
    { name: "eth1", mac: "52:54:00:00:00:02" },
  ],
  nodeNetwork: { group: "239.1.2.3", port: 30_001 },
  userNetwork: "192.168.70.0/24",
  firstBoot: "cloud-init",
  commandLine: "root=LABEL=localkube-root ro",
  ran: false,
  saved: false,
  snapshots: {},
};
const host = { stateDir: "/home/some one/.localkube", env: {} };
const files = machineFiles(host, machine.ref.name);

describe("networks of a cluster's machines", () => {
  const { host: quiet } = recordingHost([]);
  const node = (index: number) => ({
    name: `${testSpec.name}-${index}`,
    network: { ...testSpec.network, index },
  });

  test("the second is on the first one's node network, and has a user network of its own", async () => {
    const first = await chooseNetworks(testSpec, [], quiet);
    const ref = { ...machine.ref, address: first.address };
    const { userNetwork, nodeNetwork } = first;
    const recorded = { ...machine, ref, cluster: "demo", userNetwork, nodeNetwork };
    const second = await chooseNetworks(node(1), [recorded], quiet);
    expect(second.nodeNetwork).toEqual(first.nodeNetwork);
    expect(first.address).toMatch(/\.2$/);
    expect(second.address).toBe(first.address.replace(/2$/, "3"));
    expect(second.userNetwork).not.toBe(first.userNetwork);
  });

  test("another cluster's are kept apart from it", async () => {
    const first = await chooseNetworks(testSpec, [], quiet);
    const recorded = { ...machine, ref: { ...machine.ref, address: first.address }, cluster: "demo" };
    const other = { name: "localkube-b", network: { ...testSpec.network, cluster: "b" } };
    const second = await chooseNetworks(other, [recorded], quiet);
    expect(second.nodeNetwork).not.toEqual(first.nodeNetwork);
    expect(second.address.replace(/\d+$/, "")).not.toBe(first.address.replace(/\d+$/, ""));
  });
});

describe("QEMU's command line", () => {
  test("for an emulated x86 machine", () => {
    const accel = { name: "tcg", reason: "no /dev/kvm" } as const;
    expect(commandLine(machine, files, { arch: "amd64", accelerator: accel })).toMatchSnapshot();
  });

  test("for an arm64 machine with its own firmware, waking up", () => {
    const launch = {
      arch: "arm64",
      accelerator: { name: "kvm" },
      firmware: "/firmware.fd",
      load: "SUSPENDED",
    } as const;
    const whole = { ...machine, machineType: "virt-7.2" };
    expect(commandLine(whole, files, launch)).toMatchSnapshot();
  });

  test("listens on loopback only and carries no key", () => {
    const argv = commandLine(machine, files, { arch: "amd64", accelerator: { name: "kvm" } });
    const forwards = argv.join(",").match(/hostfwd=[^,]+/g) ?? [];
    expect(forwards).toHaveLength(2);
    expect(forwards.every((text) => text.startsWith("hostfwd=tcp:127.0.0.1:"))).toBe(true);
    expect(argv.join(" ")).toContain("localaddr=127.0.0.1");
  });

  test("doubles commas of file names, which QEMU would take for its own", () => {
    const odd = machineFiles({ stateDir: "/a,b", env: {} }, "localkube-one");
    const argv = commandLine(machine, odd, { arch: "amd64", accelerator: { name: "kvm" } });
    expect(argv.join(" ")).toContain("filename=/a,,b/machines/localkube-one/disk.qcow2,");
  });
});

test("a long state folder gets its socket elsewhere, for a socket's path is short", () => {
  const long = machineFiles(
    { stateDir: `/${"x".repeat(120)}`, env: { XDG_RUNTIME_DIR: "/run/user/1000" } },
    "localkube-one",
  );
  expect(long.socket).toMatch(/^\/run\/user\/1000\/localkube-\d+\/[0-9a-f]{12}\/qmp\.sock$/);
  expect(files.socketFolder).toBeUndefined();
});

describe("the accelerator", () => {
  test("is what the variable says, checked", async () => {
    const at = (value: string) => accelerator({ ...hostContext(), env: { LOCALKUBE_QEMU_ACCEL: value } });
    expect(await at("tcg")).toMatchObject({ name: "tcg" });
    expect(await at("kvm")).toEqual({ name: "kvm" });
    await expect(at("magic")).rejects.toMatchObject({ id: "QEMU_ACCEL_UNKNOWN" });
  });

  test("is emulation when a guest hangs, or QEMU falls over, in what the host says it has", async () => {
    const hangs = new LocalkubeError("HOST_COMMAND_TIMEOUT", { command: "qemu", seconds: 3 });
    const falls = new LocalkubeError(
      "HOST_COMMAND_FAILED",
      { command: "qemu", exitCode: "SIGABRT" },
      { output: "qemu-system-x86_64: error: failed to set MSR 0x10a to 0x69\nkvm.c:3183: Assertion failed." },
    );
    const reasons = [hangs, falls].map(async (answer) => {
      const cacheDir = mkdtempSync(join(tmpdir(), "localkube-accel-"));
      try {
        const { host: recorded } = recordingHost([["-accel", answer]], {});
        return (await accelerator({ ...recorded, platform: "win32", cacheDir })).reason;
      } finally {
        rmSync(cacheDir, { recursive: true });
      }
    });
    expect(await Promise.all(reasons)).toEqual([
      "whpx is there but fails: a guest hangs in it",
      "whpx is there but fails: error: failed to set MSR 0x10a to 0x69",
    ]);
  });

  test("is known by the processor's flags, not by a device file", () => {
    expect(hasVirtualization("flags\t\t: fpu vme svm sse\n")).toBe(true);
    expect(hasVirtualization("flags\t\t: fpu vmx\n")).toBe(true);
    expect(hasVirtualization("flags\t\t: fpu vme sse\nvmx flags\t: ept\n")).toBe(false);
  });
});

test("the machine type is pinned to its version", () => {
  const list =
    "none  empty machine\nq35   Standard PC (Q35 + ICH9, 2009) (alias of pc-q35-7.2)\npc-q35-7.2 Standard PC\n";
  expect(versionOf(list, "q35")).toBe("pc-q35-7.2");
  expect(versionOf("virt-7.2 QEMU 7.2 ARM\n", "virt")).toBe("virt");
});

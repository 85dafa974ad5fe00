import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import {
  allowedRanges,
  freeHostNetwork,
  parseNetworksConf,
} from "../../../../drivers/virtualbox/network/choose.ts";
import { machineFiles } from "../../../../drivers/virtualbox/machine-file.ts";
import { parseVersion } from "../../../../drivers/virtualbox/installation.ts";
import type { MachineRef } from "../../../../src/contract/driver.ts";
import { LocalkubeError } from "../../../../src/contract/errors/localkube-error.ts";
import { parseNetwork } from "../../../../src/host/network.ts";
import { driver, errorOf, madeMachine, recordHost, verbsOf } from "./made-machine.ts";
import type { Override, Recorded } from "./recorded-virtualbox.ts";

vi.mock(import("node:os"), async (original) => ({ ...(await original()), networkInterfaces: () => ({}) }));

let recorded: Recorded;
const recordedHost: typeof recordHost = async (options) => (recorded = await recordHost(options));
async function made(override?: Override): Promise<MachineRef> {
  const machine = await madeMachine(override);
  recorded = machine.recorded;
  return machine.m;
}
const verbs = () => verbsOf(recorded);

describe("the runner", () => {
  test("takes error: for a failure though the exit code is 0", async () => {
    const m = await made(([verb]) =>
      verb === "startvm" ? { exitCode: 0, stderr: errorOf("Something is wrong") } : undefined,
    );
    await expect(driver.start(m, recorded.c)).rejects.toMatchObject({
      id: "DRIVER_START_FAILED",
      output: expect.stringContaining("Something is wrong") as unknown,
    });
  });

  test.each([
    "The object is not ready",
    "Most likely, the VirtualBox COM server is not running or failed to start.",
    "The object functionality is limited",
    "The machine 'x' is already locked by a session (or being locked or unlocked)",
    "The machine 'x' is already locked for a session (or being unlocked)",
  ])("tries again after '%s'", async (words) => {
    let left = 2;
    const m = await made(([verb]) =>
      verb === "startvm" && left-- > 0 ? { exitCode: 1, stderr: errorOf(words) } : undefined,
    );
    await driver.start(m, recorded.c);
    expect(verbs().filter((verb) => verb.startsWith("startvm"))).toHaveLength(3);
  });

  test("tries nothing else again, and what never passes not for ever", async () => {
    const m = await made(([verb]) =>
      verb === "startvm" ? { exitCode: 1, stderr: errorOf("Not enough memory") } : undefined,
    );
    await expect(driver.start(m, recorded.c)).rejects.toMatchObject({ id: "DRIVER_START_FAILED" });
    expect(verbs().filter((verb) => verb.startsWith("startvm"))).toHaveLength(1);
    const locked = await made(([verb]) =>
      verb === "startvm" ? { exitCode: 1, stderr: errorOf("is already locked by a session") } : undefined,
    );
    await expect(driver.start(locked, recorded.c)).rejects.toMatchObject({ id: "DRIVER_START_FAILED" });
    expect(verbs().filter((verb) => verb.startsWith("startvm"))).toHaveLength(8);
  }, 15_000);
});

describe("states", () => {
  test("that nobody knows stop with a diagnosis, and nothing is touched", async () => {
    const m = await made();
    recorded.state = "dreaming";
    const before = recorded.calls.length;
    expect(await driver.state(m, recorded.c)).toBe("unknown");
    await expect(driver.start(m, recorded.c)).rejects.toMatchObject({
      id: "DRIVER_MACHINE_BROKEN",
      output: "dreaming",
    });
    await expect(driver.stop(m, { ...recorded.c, graceMs: 10 })).rejects.toMatchObject({
      id: "DRIVER_MACHINE_BROKEN",
    });
    expect(recorded.calls.slice(before).every(([verb]) => verb === "showvminfo")).toBe(true);
    expect(await driver.diagnose(m, recorded.c)).toContain("dreaming");
  });

  test("are unknown, not old, when VBoxManage hangs", async () => {
    const m = await made();
    const run: typeof recorded.host.run = () =>
      Promise.reject(new LocalkubeError("HOST_COMMAND_TIMEOUT", { command: "VBoxManage", seconds: 20 }));
    const c = { ...recorded.c, host: { ...recorded.host, run } };
    expect(await driver.state(m, c)).toBe("unknown");
    expect(await driver.diagnose(m, c)).toContain("does not answer");
  });

  test("of a machine whose settings cannot be read is broken, and it can be removed", async () => {
    const m = await made(([verb]) =>
      verb === "showvminfo"
        ? { exitCode: 1, stderr: errorOf("The object functionality is limited") }
        : undefined,
    );
    expect(await driver.state(m, recorded.c)).toBe("broken");
    await driver.remove(m, recorded.c);
    expect(verbs()).toContain(`unregistervm ${m.id}`);
  });

  test("of a machine VirtualBox does not know is absent, or broken with the way back while its disk is there", async () => {
    const m = await made(([verb]) =>
      verb === "showvminfo"
        ? { exitCode: 1, stderr: errorOf(`Could not find a registered machine with UUID {x}`) }
        : undefined,
    );
    expect(await driver.state(m, recorded.c)).toBe("absent");
    const { settings } = machineFiles(recorded.host, m.name);
    await writeFile(settings, "");
    expect(await driver.state(m, recorded.c)).toBe("broken");
    expect(await driver.diagnose(m, recorded.c)).toContain("VBoxManage registervm");
  });
});

describe("stopping", () => {
  test("a guest without ACPI ends by force, soon after the grace time", async () => {
    const m = await made(([verb, , what]) =>
      verb === "controlvm" && what === "acpipowerbutton" ? {} : undefined,
    );
    recorded.state = "running";
    const begun = performance.now();
    await driver.stop(m, { ...recorded.c, graceMs: 600 });
    expect(performance.now() - begun).toBeLessThan(3000);
    expect(verbs().at(-2)).toBe(`controlvm ${m.id} poweroff`);
  });

  test("wakes a paused guest first, for it sees no button", async () => {
    const m = await made();
    recorded.state = "paused";
    await driver.stop(m, { ...recorded.c, graceMs: 1000 });
    const controls = verbs().filter((verb) => verb.startsWith("controlvm"));
    expect(controls.map((verb) => verb.split(" ").at(-1))).toEqual(["resume", "acpipowerbutton"]);
  });

  test("a machine that ended by itself meanwhile is no failure", async () => {
    const m = await made(([verb], self) => {
      if (verb !== "controlvm") return undefined;
      self.state = "poweroff";
      return { exitCode: 1, stderr: errorOf("Machine 'x' is not currently running.") };
    });
    recorded.state = "running";
    await driver.stop(m, { ...recorded.c, graceMs: 1000 });
  });
});

describe("the host-only adapter", () => {
  const adapter = (name: string, ip: string) =>
    `Name:            ${name}\nIPAddress:       ${ip}\nNetworkMask:     255.255.255.0\n\n`;

  test("counts when it comes late or with an error (VirtualBox ticket 14040)", async () => {
    let asked = 0;
    await recordedHost({
      override: ([verb, sub]) => {
        if (verb === "hostonlyif" && sub === "create") return { stderr: errorOf("Failed to create") };
        if (verb === "list" && sub === "hostonlyifs")
          return { stdout: asked++ < 3 ? "" : adapter("vboxnet3", "0.0.0.0") };
        if (verb === "hostonlyif") return {};
        return undefined;
      },
    });
    await driver.create(recorded.spec, recorded.c);
    expect(verbs()).toContain("hostonlyif ipconfig vboxnet3");
  });

  test("is not asked for twice: two with one address are what others' bugs left", async () => {
    await recordedHost({
      override: ([verb, sub]) =>
        verb === "list" && sub === "hostonlyifs"
          ? {
              stdout:
                adapter("vboxnet4", "192.168.60.1") +
                adapter("vboxnet5", "192.168.60.1") +
                adapter("vboxnet0", "192.168.61.1"),
            }
          : verb === "hostonlyif" && sub === "create"
            ? { exitCode: 1, stderr: errorOf("enough") }
            : undefined,
    });
    await expect(driver.create(recorded.spec, recorded.c)).rejects.toMatchObject({
      id: "DRIVER_CREATE_FAILED",
    });
    // Nothing of theirs was touched.
    expect(verbs().filter((verb) => /hostonlyif (?:remove|ipconfig)/.test(verb))).toEqual([]);
  });

  test("is removed again when it cannot get its address", async () => {
    await recordedHost({
      override: ([verb, sub]) =>
        verb === "hostonlyif" && sub === "ipconfig"
          ? {
              exitCode: 1,
              stderr: `${errorOf("Code E_ACCESSDENIED (0x80070005) - Access denied (extended info not available)")}${errorOf('Context: "EnableStaticIPConfig(Bstr(pIp).raw(), Bstr(pNetmask).raw())" at line 242 of file VBoxManageHostonly.cpp')}`,
            }
          : undefined,
    });
    await expect(driver.create(recorded.spec, recorded.c)).rejects.toMatchObject({
      id: "VIRTUALBOX_BLOCKED",
      fix: expect.stringContaining("/etc/vbox/networks.conf") as unknown,
    });
    expect(verbs()).toContain("hostonlyif remove vboxnet0");
  });

  test("gets its address again when it lost it, or is created again when it is gone, before the machine starts", async () => {
    let list = adapter("vboxnet0", "0.0.0.0");
    const m = await made(([verb, sub]) => {
      if (verb === "list" && sub === "hostonlyifs") return { stdout: list };
      if (verb === "hostonlyif" && sub === "create") {
        list = adapter("vboxnet7", "192.168.56.1");
        return { stdout: "Interface 'vboxnet7' was successfully created\n" };
      }
      return verb === "hostonlyif" ? {} : undefined;
    });
    await driver.start(m, recorded.c);
    expect(recorded.transcript()).toMatch(/hostonlyif ipconfig vboxnet0 --ip 192\.168\.\d+\.1 .*\nstartvm/);
    recorded.state = "poweroff";
    list = "";
    await driver.start(m, recorded.c);
    expect(recorded.transcript()).toMatch(
      /hostonlyif create\nhostonlyif ipconfig vboxnet7 --ip 192\.168\.\d+\.1 .*\nmodifyvm ID1 --nic2 hostonly --hostonlyadapter2 vboxnet7\nstartvm/,
    );
  });

  test("loses a DHCP server of its name, which would hand out our addresses", async () => {
    const server = "NetworkName:    HostInterfaceNetworking-vboxnet0\nDhcpd IP:       192.168.56.100\n";
    await recordedHost({
      override: ([verb, sub]) => (verb === "list" && sub === "dhcpservers" ? { stdout: server } : undefined),
    });
    await driver.create(recorded.spec, recorded.c);
    expect(recorded.transcript()).toContain("dhcpserver remove --netname HostInterfaceNetworking-vboxnet0");
  });

  test("stays while another machine is on it", async () => {
    const m = await made();
    const second = { ...recorded.spec, name: "localkube-two" };
    const other = await driver.create(
      { ...second, ports: second.ports.map((port) => ({ ...port, hostPort: port.hostPort + 1 })) },
      recorded.c,
    );
    expect(other.address).not.toBe(m.address);
    expect(verbs().filter((verb) => verb === "hostonlyif create")).toHaveLength(1);
    await driver.remove(m, recorded.c);
    expect(verbs()).not.toContain("hostonlyif remove vboxnet0");
    await driver.remove(other, recorded.c);
    expect(verbs()).toContain("hostonlyif remove vboxnet0");
  });
});

describe("networks VirtualBox allows", () => {
  test("are 192.168.56.0/21, or what networks.conf lists instead", async () => {
    const folder = await mkdtemp(join(tmpdir(), "localkube-networks-"));
    try {
      const file = join(folder, "networks.conf");
      const at = (text: string, platform: NodeJS.Platform = "linux") =>
        allowedRanges({ platform }, parseVersion(text)!, file).then((ranges) =>
          ranges.map(({ address }) => address),
        );
      expect(await at("6.1.28r1")).toEqual(["192.168.56.0"]);
      await writeFile(file, "# mine\n* 10.0.0.0/8 fe80::/10\n*192.168.0.0/16\n");
      expect(await at("7.2.0r1")).toEqual(["10.0.0.0", "192.168.0.0"]);
      // Before 6.1.28, and on Windows, nobody reads it.
      expect(await at("6.1.26r1")).toEqual(["192.168.56.0"]);
      expect(await at("7.2.0r1", "win32")).toEqual(["192.168.56.0"]);
    } finally {
      await rm(folder, { recursive: true });
    }
    expect(parseNetworksConf("10.0.0.0/8\n* 0.0.0.0/0 ::/0\n")).toEqual([{ address: "0.0.0.0", prefix: 0 }]);
  });

  test("are searched for a /24 nobody has, and it is said when there is none", () => {
    const allowed = [parseNetwork("192.168.56.0/22")!];
    const taken = ["192.168.56.0/23", "192.168.58.7/32"].map((cidr) => parseNetwork(cidr)!);
    expect(freeHostNetwork("any", allowed, taken)).toBe("192.168.59.0/24");
    expect(() => freeHostNetwork("any", allowed, [parseNetwork("192.168.0.0/16")!])).toThrow(
      expect.objectContaining({ id: "VIRTUALBOX_NO_FREE_NETWORK" }),
    );
  });
});

test("what VirtualBox' log knows of a failed start is told", async () => {
  const m = await made(([verb]) =>
    verb === "startvm"
      ? { exitCode: 1, stderr: errorOf("The virtual machine 'x' has terminated unexpectedly during startup") }
      : undefined,
  );
  const { mkdir } = await import("node:fs/promises");
  const { folder, log } = machineFiles(recorded.host, m.name);
  await mkdir(join(folder, "Logs"));
  await writeFile(log, "00:00:01 HM: HMR3Init: Attempting fall back to NEM: VERR_VMX_IN_VMX_ROOT_MODE\n");
  await expect(driver.start(m, recorded.c)).rejects.toMatchObject({ id: "VIRTUALBOX_BLOCKED" });
  await writeFile(log, "00:00:01 something of its own\n");
  await expect(driver.start(m, recorded.c)).rejects.toMatchObject({
    id: "DRIVER_START_FAILED",
    output: expect.stringContaining("something of its own") as unknown,
  });
});

test("inside WSL Windows' VirtualBox gets Windows' paths", async () => {
  await recordedHost({ env: { WSL_DISTRO_NAME: "Debian" } });
  const { host } = recorded;
  const run: typeof host.run = (argv, options) =>
    argv[0] === "wslpath"
      ? Promise.resolve({ exitCode: 0, stdout: `W:${argv[3]!.replaceAll("/", "\\")}\n`, stderr: "" })
      : host.run(argv, options);
  await driver.create(recorded.spec, { ...recorded.c, host: { ...host, run } });
  const paths = recorded.calls.flat().filter((word) => word.includes("virtualbox"));
  expect(paths.length).toBeGreaterThan(4);
  expect(paths.filter((path) => !path.startsWith("W:\\"))).toEqual([]);
});

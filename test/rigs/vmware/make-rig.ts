import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { freeNetworks } from "../../../src/host/free-networks.ts";
import { runCommand } from "../../../src/host/run-command.ts";
import type { Rig } from "./stand-in/rig.ts";

export interface VmwareRig extends Rig {
  /** What makes the driver find the rig instead of VMware. */
  readonly env: Readonly<Record<string, string>>;
  /** Network devices of the machines that run. */
  taps(): Promise<readonly string[]>;
  /** Ends the machines that are left, and takes bridge and folder away. */
  dispose(): Promise<void>;
}

/** A host with VMware Workstation, as far as the driver looks: programs, devices, configuration, and a bridge for vmnet8. Needs root. */
export async function makeRig(): Promise<VmwareRig> {
  const root = mkdtempSync(join(tmpdir(), "localkube vmware rig "));
  const [cidr = ""] = await freeNetworks(root, 1, [], { run: runCommand });
  const network = cidr.split(".").slice(0, 3).join(".");
  const rig: Rig = { root, bridge: `lkvm${process.pid % 1e7}`, network, product: "ws" };
  const put = (path: string, text: string, mode = 0o644): void => {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  };
  put("rig.json", JSON.stringify(rig));
  for (const [name, file] of [
    ["vmrun", "vmrun.ts"],
    ["vmware-vdiskmanager", "vdiskmanager.ts"],
  ] as const) {
    const program = [process.execPath, join(import.meta.dirname, "stand-in", file), root].map(
      (word) => `'${word}'`,
    );
    put(`bin/${name}`, `#!/bin/sh\nexec ${program.join(" ")} "$@"\n`, 0o755);
  }
  put("bin/vmware", "#!/bin/sh\necho VMware Workstation 17.6.2 build-24409262\n", 0o755);
  put("proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu vmx sse2\n");
  put("dev/vmmon", "");
  put("dev/vmnet8", "");
  put(
    "etc/vmware/vmnet8/nat/nat.conf",
    `[host]\nip = ${network}.2\nnetmask = 255.255.255.0\ndevice = /dev/vmnet8\n`,
  );
  put(
    "etc/vmware/vmnet8/dhcpd/dhcpd.conf",
    `subnet ${network}.0 netmask 255.255.255.0 {\n\trange ${network}.128 ${network}.254;\n\toption routers ${network}.2;\n}\n`,
  );
  put("etc/vmware/vmnet8/dhcpd/dhcpd.leases", "");
  await runCommand(["ip", "link", "add", rig.bridge, "type", "bridge"]);
  await runCommand(["ip", "addr", "add", `${network}.1/24`, "dev", rig.bridge]);
  await runCommand(["ip", "link", "set", rig.bridge, "up"]);
  const taps = async (): Promise<readonly string[]> => {
    const names = await readdir("/sys/class/net");
    const ours = await Promise.all(names.map((name) => isPortOf(name, rig.bridge)));
    return names.filter((_name, i) => ours[i]);
  };
  return {
    ...rig,
    taps,
    env: { LOCALKUBE_VMRUN: join(root, "bin/vmrun"), LOCALKUBE_VMWARE_ROOT: root },
    async dispose() {
      for (const pid of await machineProcesses(root)) process.kill(pid, "SIGKILL");
      for (const name of await taps()) await runCommand(["ip", "link", "del", name], { allowFailure: true });
      await runCommand(["ip", "link", "del", rig.bridge], { allowFailure: true });
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Processes of QEMU that this rig's stand-in started. */
export async function machineProcesses(root: string): Promise<readonly number[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(
    ids.map((id) => readFile(`/proc/${id}/cmdline`, "utf8").catch(() => "")),
  );
  return ids
    .filter((_id, i) => /qemu-system/.test(commands[i]!) && commands[i]!.includes(`${root}/run/`))
    .map(Number);
}

const isPortOf = (name: string, bridge: string): Promise<boolean> =>
  readFile(`/sys/class/net/${name}/brport/bridge/uevent`, "utf8").then(
    (text) => text.includes(`INTERFACE=${bridge}\n`),
    () => false,
  );

// Stands for vmrun: the documented verbs that the driver uses, on machines that QEMU runs. Called as `vmrun.ts ROOT ARGS…`.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { readVmx, start, stop, suspend, toolsAnswer } from "./power.ts";
import { readRig } from "./rig.ts";
import { type RunEntry, running, withMonitor } from "./run-time.ts";
import { deleteSnapshot, revert, snapshotsOf, takeSnapshot } from "./snapshots.ts";

const [, , root = "", ...args] = process.argv;
const rig = readRig(root);

try {
  await main();
} catch (error) {
  // To standard output, as vmrun does.
  console.log(`Error: ${(error as Error).message}`);
  process.exitCode = 255;
}

async function main(): Promise<void> {
  const [option, product, verb = "", vmx = "", ...rest] = args;
  if (option !== "-T" || !product) throw new Error("Unknown option: -T is missing");
  if (!["ws", "fusion", "player"].includes(product)) throw new Error(`Unrecognized host type: ${product}`);
  const machines = product === rig.product ? await running(rig) : [];
  if (verb === "list") {
    const lines = machines.map((entry) => entry.vmx);
    return console.log([`Total running VMs: ${lines.length}`, ...lines].join("\n"));
  }
  if (product !== rig.product) throw new Error("Cannot connect to the virtual machine");
  if (!existsSync(vmx)) throw new Error(`The virtual machine cannot be found: ${vmx}`);
  const entry = machines.find((one) => one.vmx === vmx);
  const on = (): RunEntry => {
    if (!entry) throw new Error(`The virtual machine is not powered on: ${vmx}`);
    return entry;
  };
  const takes = (count: number): void => {
    if (rest.length !== count) throw new Error(`Invalid number of arguments for ${verb}: ${rest.join(" ")}`);
  };
  const [first = "", second = ""] = rest;
  switch (verb) {
    case "start":
      takes(1);
      if (first !== "nogui") throw new Error("there is no display");
      return start(rig, vmx);
    case "stop":
      takes(1);
      if (first !== "soft" && first !== "hard") throw new Error(`Invalid argument: ${first}`);
      return stop(rig, on(), first);
    case "suspend":
      takes(1);
      return suspend(rig, on());
    case "snapshot":
      takes(1);
      return takeSnapshot(vmx, entry, first);
    case "revertToSnapshot":
      takes(1);
      return revert(rig, vmx, entry, first);
    case "deleteSnapshot":
      takes(1);
      return deleteSnapshot(vmx, entry, first);
    case "listSnapshots": {
      takes(0);
      const names = snapshotsOf(vmx).map(({ name }) => name);
      return console.log([`Total snapshots: ${names.length}`, ...names].join("\n"));
    }
    case "connectNamedDevice":
    case "disconnectNamedDevice":
      takes(1);
      return connectDevice(on(), first, verb === "connectNamedDevice");
    case "getGuestIPAddress":
      takes(0);
      if (!(await toolsAnswer(on())))
        throw new Error(`The VMware Tools are not running in the virtual machine: ${vmx}`);
      return console.log(on().address);
    case "readVariable":
      takes(2);
      if (first !== "guestVar" || second !== "local-ipv4")
        throw new Error("The variable is not known to this stand-in");
      return console.log((await toolsAnswer(on())) ? on().address : "");
    case "deleteVM":
      takes(0);
      if (entry) throw new Error("The virtual machine should not be powered on. It is already running.");
      for (const name of readdirSync(dirname(vmx))) rmSync(join(dirname(vmx), name), { recursive: true });
      return;
    default:
      throw new Error(`Unrecognized command: ${verb}`);
  }
}

async function connectDevice(entry: RunEntry, device: string, connected: boolean): Promise<void> {
  const file = readVmx(entry.vmx).get(`${device}.fileName`);
  if (file === undefined) throw new Error("The device name is not valid");
  const path = join(dirname(entry.vmx), file);
  const id = device.replace(":", "-");
  const medium = { id, filename: path, format: "raw", "read-only-mode": "read-only", force: true };
  await withMonitor(entry, (qmp) =>
    connected ? qmp.execute("blockdev-change-medium", medium) : qmp.execute("eject", { id, force: true }),
  );
}

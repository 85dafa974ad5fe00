// Stands for vmrun: the documented verbs that the driver uses, on machines that QEMU runs. Called as `vmrun.ts ROOT ARGS…`.
import { existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { readVmx, start, stop, suspend, toolsAnswer } from "./power.ts";
import { readRig } from "./rig.ts";
import { type RunEntry, running, withMonitor } from "./run-time.ts";
import { deleteSnapshot, revert, snapshotsOf, takeSnapshot } from "./snapshots.ts";

const [, , root = "", ...args] = process.argv;
const rig = readRig(root);

interface Machine {
  readonly vmx: string;
  readonly entry: RunEntry | undefined;
  /** The entry, or the error of a machine that is off. */
  readonly on: () => RunEntry;
}

interface Verb {
  /** Words after the .vmx. */
  readonly args: number;
  readonly run: (m: Machine, first: string, second: string) => Promise<void> | void;
}

const verbs: Readonly<Record<string, Verb>> = {
  start: { args: 1, run: ({ vmx }, how) => start(rig, vmx, how) },
  stop: { args: 1, run: ({ on }, how) => stop(rig, on(), how) },
  suspend: { args: 1, run: ({ on }) => suspend(rig, on()) },
  snapshot: { args: 1, run: ({ vmx, entry }, name) => takeSnapshot(vmx, entry, name) },
  revertToSnapshot: { args: 1, run: ({ vmx, entry }, name) => revert(rig, vmx, entry, name) },
  deleteSnapshot: { args: 1, run: ({ vmx, entry }, name) => deleteSnapshot(vmx, entry, name) },
  listSnapshots: { args: 0, run: ({ vmx }) => listSnapshots(vmx) },
  connectNamedDevice: { args: 1, run: ({ on }, device) => connectDevice(on(), device, true) },
  disconnectNamedDevice: { args: 1, run: ({ on }, device) => connectDevice(on(), device, false) },
  getGuestIPAddress: { args: 0, run: ({ on }) => guestIp(on()) },
  readVariable: { args: 2, run: ({ on }, kind, name) => readVariable(on(), kind, name) },
  deleteVM: { args: 0, run: deleteVm },
};

try {
  await main();
} catch (error) {
  // To standard output, as vmrun does.
  console.log(`Error: ${(error as Error).message}`);
  process.exitCode = 255;
}

async function main(): Promise<void> {
  const [option, product = "", verb = "", vmx = "", ...rest] = args;
  if (option !== "-T") throw new Error("Unknown option: -T is missing");
  if (!["ws", "fusion", "player"].includes(product)) throw new Error(`Unrecognized host type: ${product}`);
  // Another type's machines are not seen, which is no error.
  const machines = product === rig.product ? await running(rig) : [];
  if (verb === "list") return list(machines);
  if (product !== rig.product) throw new Error("Cannot connect to the virtual machine");
  if (!existsSync(vmx)) throw new Error(`The virtual machine cannot be found: ${vmx}`);
  const entry = machines.find((one) => one.vmx === vmx);
  const known = verbs[verb];
  if (!known) throw new Error(`Unrecognized command: ${verb}`);
  if (rest.length !== known.args) throw new Error(`Invalid number of arguments: ${verb} ${rest.join(" ")}`);
  await known.run({ vmx, entry, on: () => entry ?? off(vmx) }, rest[0] ?? "", rest[1] ?? "");
}

function list(machines: readonly RunEntry[]): void {
  const lines = machines.map((entry) => entry.vmx);
  console.log([`Total running VMs: ${lines.length}`, ...lines].join("\n"));
}

function off(vmx: string): never {
  throw new Error(`The virtual machine is not powered on: ${vmx}`);
}

async function guestIp(entry: RunEntry): Promise<void> {
  if (!(await toolsAnswer(entry)))
    throw new Error(`The VMware Tools are not running in the virtual machine: ${entry.vmx}`);
  console.log(entry.address);
}

async function readVariable(entry: RunEntry, kind: string, name: string): Promise<void> {
  if (kind !== "guestVar" || name !== "local-ipv4")
    throw new Error("The variable is unknown to this stand-in");
  console.log((await toolsAnswer(entry)) ? entry.address : "");
}

function listSnapshots(vmx: string): void {
  const names = snapshotsOf(vmx).map(({ name }) => name);
  console.log([`Total snapshots: ${names.length}`, ...names].join("\n"));
}

function deleteVm({ vmx, entry }: Machine): void {
  if (entry) throw new Error("The virtual machine should not be powered on. It is already running.");
  for (const name of readdirSync(dirname(vmx))) rmSync(join(dirname(vmx), name), { recursive: true });
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

import { join } from "node:path";
import { driverState } from "../../src/contract/driver-state.ts";
import type { MachineRef } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type MachineRecord, machinesIn, readRecord, writeRecord } from "../vm/machine-record.ts";

/** Not QEMU's folder: each driver lists and removes what is in its own. VirtualBox puts a machine into a folder of that name below this one. */
export const machinesFolder = ({ stateDir }: Pick<HostContext, "stateDir">): string =>
  join(stateDir, driverState.virtualbox);

/** Every file of one machine, including VirtualBox' own except for snapshots. */
export function machineFiles(host: Pick<HostContext, "stateDir">, name: string) {
  const folder = join(machinesFolder(host), name);
  return {
    folder,
    /**
     * What `create` is about to create, written first: it is used to clean up after a killed create, and for a machine whose description is
     * damaged.
     */
    plan: join(folder, "plan.json"),
    /** What we decided about the machine; written last. */
    description: join(folder, "machine.json"),
    /**
     * The image, a copy of the cached one that outlives it: VirtualBox identifies each disk by an id inside the file, so no two machines can
     * share one.
     */
    base: join(folder, "base.vdi"),
    /**
     * The base's differencing child: what the machine writes to. Snapshots put further children into `Snapshots`, and deleting a snapshot may
     * merge this one away.
     */
    disk: join(folder, "disk.vdi"),
    seed: join(folder, "seed.iso"),
    console: join(folder, "console.log"),
    log: join(folder, "Logs", "VBox.log"),
    settings: join(folder, `${name}.vbox`),
  } as const;
}

export type MachineFiles = ReturnType<typeof machineFiles>;

/** The network between host and machines: a VirtualBox adapter (`if`), or on macOS from 7.0 a network that VirtualBox manages itself (`net`). */
export interface HostOnlyNetwork {
  readonly kind: "if" | "net";
  /** VirtualBox's name for it; empty while it is being created. */
  readonly name: string;
  /** /24; the host has its first address. */
  readonly cidr: string;
}

/** `plan.json`, kept beside `machine.json` for the machine's life; on its own it is left over from a killed `create`. */
export interface MachinePlan {
  /** The machine's UUID, chosen by us before creation: names need not be unique in VirtualBox. */
  readonly id: string;
  readonly address: string;
  readonly userNetwork: string;
  readonly hostOnly: HostOnlyNetwork;
  readonly ports: MachineRef["ports"];
}

/** `machine.json`; the hardware is what was requested, VirtualBox reports what it currently is. */
export interface MachineFile extends MachinePlan, MachineRecord {}

type Host = Pick<HostContext, "stateDir">;

/** Rejects with STATE_UNREADABLE. */
export const readMachine = (host: Host, name: string): Promise<MachineFile | undefined> =>
  readRecord(machineFiles(host, name).description);

/**
 * What was decided for the machine, whether it is complete or left over from a killed `create`; also when `machine.json` beside it is
 * damaged.
 */
export async function readPlan(host: Host, name: string): Promise<MachinePlan | undefined> {
  const [whole, plan] = await Promise.allSettled([
    readMachine(host, name),
    readRecord<MachinePlan>(machineFiles(host, name).plan),
  ]);
  if (whole.status === "fulfilled" && whole.value) return whole.value;
  if (plan.status === "fulfilled" && plan.value) return plan.value;
  for (const read of [whole, plan]) if (read.status === "rejected") throw read.reason;
  return undefined;
}

/** Writes its plan too, which is used when `machine.json` is damaged: it must not name a network the machine no longer uses. */
export async function writeMachine(host: Host, machine: MachineFile): Promise<void> {
  const { id, address, userNetwork, hostOnly, ports } = machine;
  await writePlan(host, machine.ref.name, { id, address, userNetwork, hostOnly, ports });
  await writeRecord(machineFiles(host, machine.ref.name).description, machine);
}
export const writePlan = (host: Host, name: string, plan: MachinePlan): Promise<void> =>
  writeRecord(machineFiles(host, name).plan, plan);

export const machineNames = (host: Host): Promise<readonly string[]> => machinesIn(machinesFolder(host));

/** Plans of all machines but one. Rejects with STATE_UNREADABLE: what each one uses must be known before another is created. */
export async function otherPlans(host: Host, name: string): Promise<readonly MachinePlan[]> {
  const names = await otherNames(host, name);
  return (await Promise.all(names.map((other) => readPlan(host, other)))).flatMap((plan) => plan ?? []);
}

/** Whether another machine is on that network. One whose record cannot be read may be on any network. */
export async function othersUse(cidr: string, host: Host, name: string): Promise<boolean> {
  const names = await otherNames(host, name);
  const plans = await Promise.allSettled(names.map((other) => readPlan(host, other)));
  return plans.some((plan) => plan.status === "rejected" || plan.value?.hostOnly.cidr === cidr);
}

const otherNames = async (host: Host, name: string): Promise<readonly string[]> =>
  (await machineNames(host)).filter((other) => other !== name);

import type { MachineRef } from "../../src/contract/driver.ts";
import type { HostContext } from "../../src/contract/host.ts";
import { type MachineRecord, machinesIn, readRecord, writeRecord } from "../vm/machine-record.ts";
import { machineFiles, machinesFolder } from "./machine-folder.ts";

/** The network between host and machines: an adapter of VirtualBox (`if`), or on macOS from 7.0 a network that it keeps itself (`net`). */
export interface HostOnlyNetwork {
  readonly kind: "if" | "net";
  /** What VirtualBox calls it; empty while it is being made. */
  readonly name: string;
  /** /24; the host has its first address. */
  readonly cidr: string;
}

/** `plan.json`, beside `machine.json` for the machine's life; alone it is the rest of a killed `create`. */
export interface MachinePlan {
  /** The machine's UUID, ours from the start: names need not be unique in VirtualBox. */
  readonly id: string;
  readonly address: string;
  readonly userNetwork: string;
  readonly hostOnly: HostOnlyNetwork;
  readonly ports: MachineRef["ports"];
}

/** `machine.json`; the hardware is what was asked for, what it has now VirtualBox tells. */
export interface MachineFile extends MachinePlan, MachineRecord {}

type Host = Pick<HostContext, "stateDir">;

/** Rejects with STATE_UNREADABLE. */
export const readMachine = (host: Host, name: string): Promise<MachineFile | undefined> =>
  readRecord(machineFiles(host, name).description);

/** The machine's decisions, whether it is whole or the rest of a killed `create`; also from beside a damaged `machine.json`. */
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

/** Its plan with it, which stands in when `machine.json` is damaged: it must not tell of a network the machine had once. */
export async function writeMachine(host: Host, machine: MachineFile): Promise<void> {
  const { id, address, userNetwork, hostOnly, ports } = machine;
  await writePlan(host, machine.ref.name, { id, address, userNetwork, hostOnly, ports });
  await writeRecord(machineFiles(host, machine.ref.name).description, machine);
}
export const writePlan = (host: Host, name: string, plan: MachinePlan): Promise<void> =>
  writeRecord(machineFiles(host, name).plan, plan);

export const machineNames = (host: Host): Promise<readonly string[]> => machinesIn(machinesFolder(host));

/** Plans of all machines but one. Rejects with STATE_UNREADABLE: what each has taken must be known before another is made. */
export async function otherPlans(host: Host, name: string): Promise<readonly MachinePlan[]> {
  const names = await otherNames(host, name);
  return (await Promise.all(names.map((other) => readPlan(host, other)))).flatMap((plan) => plan ?? []);
}

/** Whether another machine is on that network. One whose record cannot be read may be on any. */
export async function othersUse(cidr: string, host: Host, name: string): Promise<boolean> {
  const names = await otherNames(host, name);
  const plans = await Promise.allSettled(names.map((other) => readPlan(host, other)));
  return plans.some((plan) => plan.status === "rejected" || plan.value?.hostOnly.cidr === cidr);
}

const otherNames = async (host: Host, name: string): Promise<readonly string[]> =>
  (await machineNames(host)).filter((other) => other !== name);

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { MachineState } from "../../src/contract/driver.ts";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { guestAddress } from "./guest-address.ts";
import { type MachineFile, type MachineFiles, machineFiles, readMachine } from "./machine-file.ts";
import { platforms } from "./machine-vmx.ts";
import { isRunning } from "./vmrun.ts";
import { readVmx, valueOf, type Vmx } from "./vmx.ts";

export interface Look {
  readonly state: MachineState;
  /** Why it is broken or unknown. */
  readonly said?: string;
  readonly machine?: MachineFile;
  readonly vmx?: Vmx;
}

type Context = Pick<RunContext, "host" | "signal">;

/** Setting that names the memory a machine resumes from at its next start. */
export const savedMemory = "checkpoint.vmState";

/** The actual state: files, and whether VMware runs them. */
export async function look(name: string, c: Context): Promise<Look> {
  const files = machineFiles(c.host, name);
  const machine = await readMachine(c.host, name);
  const vmx = await readVmx(files.vmx);
  if (!machine && !vmx) return { state: "absent" };
  let running: boolean;
  try {
    running = await isRunning(files.vmx, c);
  } catch (error) {
    c.signal.throwIfAborted();
    const known = { ...(machine ? { machine } : {}), ...(vmx ? { vmx } : {}) };
    return { state: "unknown", said: `vmrun list: ${(error as Error).message}`, ...known };
  }
  if (!machine)
    return running
      ? { state: "broken", said: "it runs, but its description is gone", ...(vmx ? { vmx } : {}) }
      : { state: "absent" };
  if (!vmx) return { state: "broken", machine, said: `its settings ${files.vmx} are gone` };
  const disk = join(files.folder, valueOf(vmx, `${platforms[c.host.arch].disk}.fileName`));
  if (!(await isFile(disk))) return { state: "broken", machine, vmx, said: `its disk ${disk} is gone` };
  if (running) return { state: "running", machine, vmx };
  const saved = valueOf(vmx, savedMemory);
  if (saved === "") return { state: "stopped", machine, vmx };
  return (await isFile(join(files.folder, saved)))
    ? { state: "saved", machine, vmx }
    : { state: "broken", machine, vmx, said: `its saved memory ${saved} is gone` };
}

const isFile = (file: string): Promise<boolean> =>
  stat(file).then(
    (found) => found.isFile(),
    () => false,
  );

/** Rejects with DRIVER_MACHINE_ABSENT or, for states that only a person should end, DRIVER_MACHINE_BROKEN. */
export function saneMachine(name: string, { state, machine, said }: Look): MachineFile {
  if (state === "absent" || !machine)
    throw new LocalkubeError("DRIVER_MACHINE_ABSENT", { driver: "vmware", name });
  if (state === "broken" || state === "unknown")
    throw new LocalkubeError(
      "DRIVER_MACHINE_BROKEN",
      { driver: "vmware", name, state },
      { output: said ?? "" },
    );
  return machine;
}

const consoleLines = 15;

export async function diagnose(name: string, c: Context): Promise<string> {
  const { state, said, machine } = await look(name, c);
  const files = machineFiles(c.host, name);
  const where = machine && state === "running" ? await guestAddress(machine, files, c) : undefined;
  const [console, log] = [await consoleTail(files), await logTail(files)];
  return [
    `The VMware machine ${name} is ${state}${said ? ` (${said})` : ""}; its files: ${files.folder}`,
    ...(where ? [where] : []),
    ...(console ? [`Last lines of its console:\n${console}`] : []),
    ...(log ? [`Last lines of vmware.log:\n${log}`] : []),
  ].join("\n");
}

const consoleTail = async ({ console: file }: MachineFiles): Promise<string> =>
  (await readFile(file, "utf8").catch(() => "")).trimEnd().split(/\r?\n/).slice(-consoleLines).join("\n");

const lineCount = 40;

/** Last lines of vmware.log without its list of settings: they contain the seed, and the seed contains the host key. */
export async function logTail({ log }: MachineFiles): Promise<string> {
  const text = await readFile(log, "utf8").catch(() => "");
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "" && !/\bDICT\b|guestinfo/i.test(line))
    .slice(-lineCount)
    .join("\n");
}

import { access, mkdir, rm } from "node:fs/promises";
import { LocalkubeError } from "../../src/contract/errors/localkube-error.ts";
import type { RunContext } from "../../src/contract/host.ts";
import { isPortFree } from "../../src/host/choose-ports.ts";
import { accelerator } from "./accelerator.ts";
import { commandLine } from "./command-line.ts";
import type { MachineFile } from "./machine-file.ts";
import { machineFiles } from "./machine-folder.ts";
import { platforms } from "./platform.ts";

/** QEMU loads saved memory before it goes to the background. */
const launchMs = 300_000;

/**
 * Starts QEMU in the background; with `load` it loads that snapshot's memory and waits for `cont`. Rejects with DRIVER_PORT_TAKEN or
 * DRIVER_START_FAILED with QEMU's own message.
 */
export async function launchQemu(machine: MachineFile, c: RunContext, load?: string): Promise<void> {
  const { name, ports } = machine.ref;
  const files = machineFiles(c.host, name);
  for (const port of Object.values(ports))
    if (!(await isPortFree(port)))
      throw new LocalkubeError("DRIVER_PORT_TAKEN", { driver: "qemu", name, port });
  if (files.socketFolder) await mkdir(files.socketFolder, { recursive: true, mode: 0o700 });
  // Left by a killed process.
  for (const file of [files.socket, files.pid]) await rm(file, { force: true });
  const firmware = await firstOf(platforms[c.host.arch].firmware);
  const launch = {
    arch: c.host.arch,
    accelerator: await accelerator(c.host),
    ...(firmware === undefined ? {} : { firmware }),
    ...(load === undefined ? {} : { load }),
  };
  try {
    await c.host.run(commandLine(machine, files, launch), { signal: c.signal, timeoutMs: launchMs });
  } catch (error) {
    if (!(error instanceof LocalkubeError) || error.id !== "HOST_COMMAND_FAILED") throw error;
    const output = error.output ?? "";
    throw new LocalkubeError("DRIVER_START_FAILED", { driver: "qemu", name }, { cause: error, output });
  }
}

async function firstOf(files: readonly string[]): Promise<string | undefined> {
  for (const file of files)
    if (
      await access(file).then(
        () => true,
        () => false,
      )
    )
      return file;
  return undefined;
}

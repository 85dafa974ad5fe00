import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { MachineSnapshot } from "../../../src/contract/driver.ts";
import type { RunContext } from "../../../src/contract/host.ts";
import type { MachineFile } from "../machine-file.ts";
import type { MachineFiles } from "../machine-folder.ts";
import { vmrun } from "../vmrun.ts";
import { parseVmx, valueOf } from "../vmx/vmx-text.ts";

const listMs = 30_000;

type Context = Pick<RunContext, "host" | "signal">;

/** Names of all snapshots that VMware has of the machine, other people's too. Rejects with Error when it does not report them. */
export async function listedSnapshots({ vmx }: MachineFiles, c: Context): Promise<readonly string[]> {
  const { ok, text } = await vmrun(["listSnapshots", vmx], c, listMs);
  if (!ok) throw new Error(text);
  return snapshotsIn(text);
}

/** Parses `Total snapshots: 2` and the names after it. */
function snapshotsIn(output: string): readonly string[] {
  const [head = "", ...names] = output.split(/\r?\n/);
  if (!/^Total snapshots: \d+\s*$/.test(head)) throw new Error(`vmrun listSnapshots said: ${output}`);
  return names.map((name) => name.trim()).filter((name) => name !== "");
}

/** Those that we created and VMware still has. */
export async function ourSnapshots(
  machine: MachineFile,
  files: MachineFiles,
  c: Context,
): Promise<readonly MachineSnapshot[]> {
  const names = (await listedSnapshots(files, c)).filter((name) => machine.snapshots[name]);
  return Promise.all(
    names.map(async (name) => {
      const { createdAt, memory } = machine.snapshots[name]!;
      return { name, createdAt, memory, bytes: memory ? await memoryBytes(name, files) : 0 };
    }),
  );
}

/** The .vmsd names the file of each snapshot; its memory is stored next to that. */
async function memoryBytes(name: string, files: MachineFiles): Promise<number> {
  const list = parseVmx(await readFile(files.snapshots, "utf8").catch(() => ""));
  const entry = [...list.values()].find(
    (one) => /^snapshot\d+\.displayName$/i.test(one.name) && one.value === name,
  );
  const file = entry && valueOf(list, entry.name.replace(/displayName$/i, "filename"));
  if (!file) return 0;
  const sizes = [file, file.replace(/\.vmsn$/, ".vmem")].map((one) =>
    stat(join(files.folder, one)).then(
      ({ size }) => size,
      () => 0,
    ),
  );
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { HostContext } from "../../../src/contract/host.ts";
import { findProgram } from "../../../src/host/find-program.ts";
import { installFolder } from "./windows-registry.ts";
import { vmwarePath } from "./vmware-path.ts";

/** Names of `vmrun -T`. */
export type Product = "ws" | "fusion" | "player";

export interface Installation {
  readonly product: Product;
  readonly vmrun: string;
  /** Undefined when it is missing: then no machine can be created, but existing ones run. */
  readonly diskManager: string | undefined;
}

type Host = Pick<HostContext, "env" | "platform" | "run">;

const fusionFolder = "/Applications/VMware Fusion.app/Contents/Library";
const override = "LOCALKUBE_VMRUN";

/** Where VMware is on this host: LOCALKUBE_VMRUN, PATH, the folders and the registry of its installers. Undefined when there is none. */
export async function findVmware(host: Host): Promise<Installation | undefined> {
  const windows = host.platform === "win32";
  const program = (name: string): string => (windows ? `${name}.exe` : name);
  const folders = await candidates(host);
  const vmrun = host.env[override] || (await first(program("vmrun"), folders, host));
  if (!vmrun) return undefined;
  const diskManager = await first(program("vmware-vdiskmanager"), [dirname(vmrun), ...folders], host);
  return { product: await product(host, dirname(vmrun)), vmrun, diskManager };
}

async function candidates(host: Host): Promise<readonly string[]> {
  if (host.platform === "darwin") return [vmwarePath(host, fusionFolder)];
  if (host.platform !== "win32") return [];
  const registered = await installFolder(host);
  return [
    ...(registered ? [registered] : []),
    ...["ProgramFiles(x86)", "ProgramFiles"].flatMap((variable) => {
      const folder = host.env[variable];
      return folder ? [join(folder, "VMware", "VMware Workstation")] : [];
    }),
  ];
}

async function first(program: string, folders: readonly string[], host: Host): Promise<string | undefined> {
  for (const folder of folders) if (await isThere(join(folder, program))) return join(folder, program);
  return findProgram(program, host);
}

/** `vmrun` does not verify the type and then finds nothing: Player alone has no `vmware` beside it. */
async function product(host: Host, folder: string): Promise<Product> {
  if (host.platform === "darwin") return "fusion";
  const has = async (name: string): Promise<boolean> =>
    (await isThere(join(folder, host.platform === "win32" ? `${name}.exe` : name))) ||
    (host.platform !== "win32" && (await findProgram(name, host)) !== undefined);
  return !(await has("vmware")) && (await has("vmplayer")) ? "player" : "ws";
}

const isThere = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  );

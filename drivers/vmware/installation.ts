import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { HostContext } from "../../src/contract/host.ts";
import { findProgram } from "../../src/host/find-program.ts";
import { compareReleases } from "../../src/host/versions.ts";
import type { KnownFailure } from "./known-failures.ts";

/** Names of `vmrun -T`. */
type Product = "ws" | "fusion" | "player";

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

/**
 * A file of VMware, or of the system that describes it. LOCALKUBE_VMWARE_ROOT puts another folder before all of them: for an installation in
 * another place, or for tests.
 */
export function vmwarePath({ env }: Pick<HostContext, "env">, path: string): string {
  const root = env["LOCALKUBE_VMWARE_ROOT"];
  return root ? join(root, path) : path;
}

/** 32-bit installers write into the first, newer 64-bit ones into the second. */
const folders = ["HKLM\\SOFTWARE\\WOW6432Node", "HKLM\\SOFTWARE"] as const;
const keys = ["Workstation", "Player"].flatMap((product) =>
  folders.map((folder) => `${folder}\\VMware, Inc.\\VMware ${product}`),
);

/** The folder that the installer of Workstation, otherwise of Player, recorded. */
const installFolder = (host: Pick<Host, "run">): Promise<string | undefined> => value(host, "InstallPath");

/** As `17.6.2.2460`. */
const productVersion = (host: Pick<Host, "run">): Promise<string | undefined> =>
  value(host, "ProductVersion");

async function value(host: Pick<Host, "run">, name: string): Promise<string | undefined> {
  for (const key of keys) {
    const argv = ["reg", "query", key, "/v", name] as const;
    const { exitCode, stdout } = await host.run(argv, { timeoutMs: 2000, allowFailure: true });
    const found = exitCode === 0 ? valueIn(stdout, name) : undefined;
    if (found) return found;
  }
  return undefined;
}

/** Parses `    InstallPath    REG_SZ    C:\Program Files (x86)\VMware\VMware Workstation\`. */
const valueIn = (output: string, name: string): string | undefined =>
  new RegExp(`^\\s+${name}\\s+REG_\\w+\\s+(.+?)\\s*$`, "m").exec(output)?.[1];

/** VMware is available only from its vendor: no package manager has it. */
export function installHint(platform: NodeJS.Platform): KnownFailure & Record<string, string> {
  const [name, version] = platform === "darwin" ? ["Fusion", "13.6"] : ["Workstation", "17.6"];
  return {
    problem: "vmrun is not there",
    fix: `Install VMware ${name} ${version} or newer (support.broadcom.com, free of charge), or set LOCALKUBE_VMRUN to its vmrun`,
  };
}

/** Older versions are tried, and reported as older. */
const supported: Readonly<Record<Product, readonly [number, number]>> = {
  ws: [17, 6],
  player: [17, 6],
  fusion: [13, 6],
};

const timeoutMs = 2000;

/** `17.6.2`; undefined when VMware does not report it. */
export async function installedVersion(
  host: Pick<HostContext, "env" | "platform" | "run">,
  { product, vmrun }: Installation,
): Promise<string | undefined> {
  if (host.platform === "win32") return (await productVersion(host))?.split(".").slice(0, 3).join(".");
  const name = { fusion: "vmware-vmx", player: "vmplayer", ws: "vmware" }[product];
  const beside = await access(join(dirname(vmrun), name)).then(
    () => join(dirname(vmrun), name),
    () => undefined,
  );
  const program = beside ?? (await findProgram(name, host));
  if (!program) return undefined;
  const { stdout, stderr } = await host.run([program, "-v"], { timeoutMs, allowFailure: true });
  return versionIn(stdout + stderr);
}

/** Parses `VMware Workstation 17.6.2 build-24409262`. */
export const versionIn = (text: string): string | undefined => /VMware \D*(\d+(?:\.\d+)+)/.exec(text)?.[1];

export const isOlder = (product: Product, version: string): boolean =>
  compareReleases(version, oldestSupported(product)) < 0;

export const oldestSupported = (product: Product): string => supported[product].join(".");

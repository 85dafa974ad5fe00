import { access } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { HostContext } from "../../../src/contract/host.ts";
import { findProgram } from "../../../src/host/find-program.ts";
import { compareReleases } from "../../../src/host/versions.ts";
import type { Installation, Product } from "./find-vmware.ts";
import { productVersion } from "./windows-registry.ts";

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

import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { gunzipSync } from "node:zlib";
import type { HostContext } from "../../../contract/host.ts";
import { findProgram } from "../../find-program.ts";
import { type HostCheck, fail, ok, textOf, warn } from "../host-check.ts";

interface Feature {
  readonly module: string;
  /** Name in the kernel's configuration. */
  readonly option: string;
  /** Without it pods have no network or no file system at all; otherwise only some features are missing. */
  readonly isVital: boolean;
}

const features: readonly Feature[] = [
  { module: "overlay", option: "OVERLAY_FS", isVital: true },
  { module: "bridge", option: "BRIDGE", isVital: true },
  { module: "veth", option: "VETH", isVital: true },
  { module: "nf_tables", option: "NF_TABLES", isVital: true },
  { module: "nf_conntrack", option: "NF_CONNTRACK", isVital: true },
  { module: "nf_nat", option: "NF_NAT", isVital: true },
  { module: "xt_comment", option: "NETFILTER_XT_MATCH_COMMENT", isVital: true },
  { module: "nft_compat", option: "NFT_COMPAT", isVital: false },
  { module: "br_netfilter", option: "BRIDGE_NETFILTER", isVital: false },
];

/** Everything that shows what a kernel supports, without loading anything. */
export interface KernelSources {
  /** /proc/config.gz or /boot/config-RELEASE, unpacked. */
  readonly config: string;
  /** /proc/filesystems and /proc/modules. */
  readonly live: string;
  /** modules.builtin and modules.dep of /lib/modules/RELEASE. */
  readonly installed: string;
}

export const kernelFeatures: HostCheck = {
  id: "kernel-features",
  title: "Kernel features",
  async run(host) {
    const sources = await readSources();
    const states = features.map((feature) => ({ ...feature, state: featureState(feature, sources) }));
    const resolved = await Promise.all(
      states.map(async (feature) =>
        feature.state === "unknown" ? { ...feature, state: await probe(feature.module, host) } : feature,
      ),
    );
    return judgeFeatures(resolved);
  },
};

export type FeatureState = "present" | "absent" | "unknown";

export function featureState({ module, option }: Feature, sources: KernelSources): FeatureState {
  const isLive = new RegExp(`^(?:nodev)?\\s*${module}(?:\\s|$)`, "m").test(sources.live);
  const isInstalled = new RegExp(`/${module}\\.ko`, "m").test(sources.installed);
  if (isLive || isInstalled || sources.config.includes(`\nCONFIG_${option}=y`)) return "present";
  // A module named by the configuration may lack its file: containers and stripped-down images have no /lib/modules.
  const isModule = sources.config.includes(`\nCONFIG_${option}=m`);
  if (isModule) return sources.installed === "" ? "unknown" : "absent";
  return sources.config === "" && sources.installed === "" ? "unknown" : "absent";
}

export function judgeFeatures(
  found: readonly (Pick<Feature, "module" | "isVital"> & { readonly state: FeatureState })[],
) {
  const names = (state: FeatureState, isVital?: boolean) =>
    found
      .filter((feature) => feature.state === state && (isVital === undefined || feature.isVital === isVital))
      .map(({ module }) => module)
      .join(", ");
  const vital = names("absent", true);
  const modprobe = (modules: string) => `Load them: modprobe -a ${modules.replaceAll(",", "")}`;
  if (vital) return fail(`the kernel ${release()} lacks ${vital}`, modprobe(vital));
  const lesser = names("absent", false);
  if (lesser) return warn(`the kernel ${release()} lacks ${lesser}`, modprobe(lesser));
  const unknown = names("unknown");
  if (unknown) return warn(`cannot determine whether the kernel has ${unknown}`, modprobe(unknown));
  return ok(`the kernel ${release()} has ${names("present")}`);
}

/** Link types are tried in a network namespace that ends with the command, so nothing is left behind. Needs root. */
async function probe(module: string, host: HostContext): Promise<FeatureState> {
  const isLink = module === "veth" || module === "bridge";
  if (!isLink || !host.isRoot || !(await findProgram("unshare", host))) return "unknown";
  const argv = ["unshare", "--net", "ip", "link", "add", "name", "lkprobe", "type", module] as const;
  const { exitCode } = await host.run([...argv], { timeoutMs: 5000, allowFailure: true });
  return exitCode === 0 ? "present" : "absent";
}

async function readSources(): Promise<KernelSources> {
  const folder = `/lib/modules/${release()}`;
  const packed = await readFile("/proc/config.gz").catch(() => undefined);
  const config = packed ? gunzipSync(packed).toString() : await textOf(`/boot/config-${release()}`);
  const live = `${await textOf("/proc/filesystems")}\n${await textOf("/proc/modules")}`;
  const installed =
    `${await textOf(`${folder}/modules.builtin`)}\n${await textOf(`${folder}/modules.dep`)}`.trim();
  return { config: `\n${config}`.trimEnd(), live, installed };
}

export const ipForward: HostCheck = {
  id: "ip-forward",
  title: "IP forwarding",
  run: async () => judgeIpForward(await textOf("/proc/sys/net/ipv4/ip_forward")),
};

export function judgeIpForward(value: string) {
  if (value === "1") return ok("on");
  const state = value === "" ? "unknown" : "off";
  return warn(`${state}: the machine may not reach the internet`, "sysctl -w net.ipv4.ip_forward=1");
}

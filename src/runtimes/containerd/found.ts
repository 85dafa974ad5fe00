import type { ServerAsFound, ServerSettings } from "../../contract/runtime.ts";
import { socketPath } from "../cri/client.ts";

type Tree = Readonly<Record<string, unknown>>;

const isTree = (value: unknown): value is Tree =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const at = (value: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((found, key) => (isTree(found) ? found[key] : undefined), value);

function parsed(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

/** One that was not set up by localkube. Its CRI socket is also the one that `ctr` speaks to. */
export const found: ServerAsFound = {
  calledBy: "containerd",
  imageImport: (endpoint) => ({
    by: "program",
    argv: ["ctr", "--address", socketPath(endpoint), "--namespace", "k8s.io", "images", "import", "-"],
    form: "oci",
  }),
  keepsUsedImages: false,
  /** `info` has the settings of the process that runs: `config` those of CRI, `cniconfig` the pod networks that were loaded. */
  settings({ info }): ServerSettings {
    const config = parsed(info["config"]);
    const cni = parsed(info["cniconfig"]);
    const handler = at(config, "containerd", "defaultRuntimeName");
    const runtime = at(config, "containerd", "runtimes", typeof handler === "string" ? handler : "runc");
    const sandboxImage = at(config, "sandboxImage");
    const folders = at(cni, "PluginDirs");
    const cniBinDir = Array.isArray(folders)
      ? (folders as readonly unknown[])[0]
      : at(config, "cni", "binDir");
    const networks = at(cni, "Networks");
    return {
      // Left out, it is false.
      ...(isTree(runtime)
        ? { cgroupDriver: at(runtime, "options", "SystemdCgroup") === true ? "systemd" : "cgroupfs" }
        : {}),
      ...(typeof sandboxImage === "string" && sandboxImage !== "" ? { sandboxImage } : {}),
      ...(typeof cniBinDir === "string" && cniBinDir !== "" ? { cniBinDir } : {}),
      ...(Array.isArray(networks) ? { podNetworks: [...new Set(networks.flatMap(networksOf))] } : {}),
    };
  },
};

/** Each plugin has its configuration as text. */
function networksOf(network: unknown): readonly string[] {
  const plugins = at(network, "Config", "Plugins");
  return Array.isArray(plugins) ? plugins.flatMap((plugin) => subnets(parsed(at(plugin, "Source")))) : [];
}

/** What any `subnet` of an address management plugin says. */
function subnets(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(subnets);
  if (!isTree(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "subnet" && typeof inner === "string" ? [inner] : subnets(inner),
  );
}

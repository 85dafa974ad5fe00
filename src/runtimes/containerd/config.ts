import { parse, stringify } from "smol-toml";
import type { RuntimeInput, SettingsInForce } from "../../contract/runtime.ts";
import { lostSettings } from "../lost-settings.ts";
import { registryTable } from "./registries.ts";

export const configFile = "/etc/containerd/config.toml";

/** Version 2 of the configuration for 1.x, version 3 for 2.x (docs/man/containerd-config.toml.5; both read everywhere in their line). */
export const configuration = (input: RuntimeInput): string => stringify(tree(input));

const tree = (input: RuntimeInput): Configuration =>
  major(input) >= 2 ? versionThree(input) : versionTwo(input);

interface Configuration extends Record<string, unknown> {
  readonly version: number;
  readonly plugins: Readonly<Record<string, object>>;
}

/**
 * `config dump` shows which settings this release knows, whatever the file says, and CRI's status those of the process that runs. Releases from 2.3 on
 * show version 4, in which our plugins are as in version 3.
 */
export const settings: SettingsInForce = {
  ask: ["containerd", "config", "dump"],
  lost(input, { printed, status }) {
    const { plugins } = tree(input);
    const dumped = (parse(printed) as Partial<Configuration>).plugins ?? {};
    const running: unknown = JSON.parse(status["config"] ?? "{}");
    return [
      ...lostSettings(plugins, dumped),
      ...Object.values(plugins).flatMap((plugin) => lostSettings(plugin, running, "unknown")),
    ];
  },
};

const part = ({ runtimeVersion }: RuntimeInput, index: number): number =>
  Number(runtimeVersion.split(".")[index] ?? 0);
const major = (input: RuntimeInput): number => part(input, 0);

/** From 2.1 on several folders may be named, and the old key is deprecated; it refuses a configuration with both. */
const binFolder = (input: RuntimeInput): object =>
  major(input) > 2 || part(input, 1) >= 1 ? { bin_dirs: [input.cniBinDir] } : { bin_dir: input.cniBinDir };

const containers = (input: RuntimeInput): object => ({
  default_runtime_name: input.defaultHandler,
  runtimes: {
    runc: asRunc(input),
    ...Object.fromEntries(
      input.handlers.map(({ name, path, shim }) => [
        name,
        shim === undefined ? asRunc(input, path) : { runtime_type: shim },
      ]),
    ),
  },
});

const asRunc = ({ cgroupDriver }: RuntimeInput, path?: string): object => ({
  runtime_type: "io.containerd.runc.v2",
  options: {
    ...(path === undefined ? {} : { BinaryName: path }),
    SystemdCgroup: cgroupDriver === "systemd",
  },
});

const versionTwo = (input: RuntimeInput): Configuration => ({
  version: 2,
  plugins: {
    "io.containerd.grpc.v1.cri": {
      sandbox_image: input.pauseImage,
      restrict_oom_score_adj: input.restrictOomScoreAdj,
      containerd: containers(input),
      cni: { bin_dir: input.cniBinDir, conf_dir: "/etc/cni/net.d" },
      registry: registryTable(input),
    },
  },
});

const versionThree = (input: RuntimeInput): Configuration => ({
  version: 3,
  plugins: {
    "io.containerd.cri.v1.images": {
      pinned_images: { sandbox: input.pauseImage },
      registry: registryTable(input),
    },
    "io.containerd.cri.v1.runtime": {
      restrict_oom_score_adj: input.restrictOomScoreAdj,
      containerd: containers(input),
      cni: { ...binFolder(input), conf_dir: "/etc/cni/net.d" },
    },
  },
});

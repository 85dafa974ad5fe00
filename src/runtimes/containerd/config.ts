import { stringify } from "smol-toml";
import type { RuntimeInput } from "../../contract/runtime.ts";

export const configFile = "/etc/containerd/config.toml";
/** Folder of the registries' settings, one folder for each. */
export const registryConfig = "/etc/containerd/certs.d";

/** Version 2 of the configuration for 1.x, version 3 for 2.x (docs/man/containerd-config.toml.5; both read everywhere in their line). */
export const configuration = (input: RuntimeInput): string =>
  stringify(major(input) >= 2 ? versionThree(input) : versionTwo(input));

const part = ({ runtimeVersion }: RuntimeInput, index: number): number =>
  Number(runtimeVersion.split(".")[index] ?? 0);
const major = (input: RuntimeInput): number => part(input, 0);

/** From 2.1 on several folders may be named, and the old key is deprecated; it refuses a configuration with both. */
const binFolder = (input: RuntimeInput): object =>
  major(input) > 2 || part(input, 1) >= 1 ? { bin_dirs: [input.cniBinDir] } : { bin_dir: input.cniBinDir };

const runc = ({ cgroupDriver }: RuntimeInput): object => ({
  runtime_type: "io.containerd.runc.v2",
  options: { SystemdCgroup: cgroupDriver === "systemd" },
});

const versionTwo = (input: RuntimeInput): Record<string, unknown> => ({
  version: 2,
  plugins: {
    "io.containerd.grpc.v1.cri": {
      sandbox_image: input.pauseImage,
      restrict_oom_score_adj: input.restrictOomScoreAdj,
      containerd: { default_runtime_name: "runc", runtimes: { runc: runc(input) } },
      cni: { bin_dir: input.cniBinDir, conf_dir: "/etc/cni/net.d" },
      registry: { config_path: registryConfig },
    },
  },
});

const versionThree = (input: RuntimeInput): Record<string, unknown> => ({
  version: 3,
  plugins: {
    "io.containerd.cri.v1.images": {
      pinned_images: { sandbox: input.pauseImage },
      registry: { config_path: registryConfig },
    },
    "io.containerd.cri.v1.runtime": {
      restrict_oom_score_adj: input.restrictOomScoreAdj,
      containerd: { default_runtime_name: "runc", runtimes: { runc: runc(input) } },
      cni: { ...binFolder(input), conf_dir: "/etc/cni/net.d" },
    },
  },
});

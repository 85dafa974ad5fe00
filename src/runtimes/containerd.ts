import { stringify } from "smol-toml";
import type { RuntimeDefinition, RuntimeInput } from "../contract/runtime.ts";

const configFile = "/etc/containerd/config.toml";
const registryConfig = "/etc/containerd/certs.d";

/** containerd: configuration version 2 for 1.x, version 3 for 2.x (docs/man/containerd-config.toml.5; both read everywhere in their line). */
export const containerd: RuntimeDefinition = {
  name: "containerd",
  endpoint: "unix:///run/containerd/containerd.sock",
  unit: "containerd.service",
  programs: [
    {
      name: "containerd",
      folder: "github.com/containerd/containerd/releases/download/v{version}",
      file: "containerd-static-{version}-linux-{arch}.tar.gz",
      sums: "containerd-static-{version}-linux-{arch}.tar.gz.sha256sum",
      unpack: { into: "programs", strip: 1, members: ["containerd", "containerd-shim-runc-v2", "ctr"] },
    },
    {
      name: "runc",
      folder: "github.com/opencontainers/runc/releases/download/v{version}",
      file: "runc.{arch}",
      sums: "runc.sha256sum",
    },
  ],
  images: ["pause"],
  files: (input) => [
    {
      path: configFile,
      mode: 0o644,
      source: { kind: "text", text: stringify(major(input) >= 2 ? versionThree(input) : versionTwo(input)) },
    },
  ],
  importImage: ["ctr", "--namespace", "k8s.io", "images", "import", "-"],
  listImages: ["ctr", "--namespace", "k8s.io", "images", "list"],
  removeImage: (ref) => ["ctr", "--namespace", "k8s.io", "images", "remove", ref],
};

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

import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { OciRuntime, Runtime, RuntimeProgram } from "../../contract/runtime.ts";
import { didYouMean } from "../../host/nearest-word.ts";
import { programVersions } from "../program-versions.ts";
import crunData from "./crun.json" with { type: "json" };
import runscShimData from "./runsc-shim.json" with { type: "json" };
import runscData from "./runsc.json" with { type: "json" };
import youkiData from "./youki.json" with { type: "json" };

const crunVersions = programVersions(crunData);
const youkiVersions = programVersions(youkiData);
const runscVersions = programVersions(runscData);
const runscShimVersions = programVersions(runscShimData);

const crunProgram: RuntimeProgram = {
  name: "crun",
  version: /^crun version (\S+)/,
  package: "crun",
  olderWorks: false,
  versions: crunVersions.versions,
  release: {
    name: "crun",
    folder: "github.com/containers/crun/releases/download/{version}",
    file: "crun-{version}-linux-{arch}",
    digests: crunVersions.digests,
  },
};

const youkiProgram: RuntimeProgram = {
  name: "youki",
  version: /^youki (?:version:? )?v?(\d\S*)/,
  olderWorks: false,
  versions: youkiVersions.versions,
  release: {
    name: "youki",
    folder: "github.com/youki-dev/youki/releases/download/v{version}",
    file: "youki-{version}-{machine}-gnu.tar.gz",
    digests: youkiVersions.digests,
    unpack: { into: "programs", strip: 0, members: ["youki"] },
  },
};

const gvisorFolder = "storage.googleapis.com/gvisor/releases/release/{version}/{machine}";

const runscProgram: RuntimeProgram = {
  name: "runsc",
  version: /^runsc version release-(\S+)/,
  olderWorks: false,
  versions: runscVersions.versions,
  release: { name: "runsc", folder: gvisorFolder, file: "runsc", digests: runscVersions.digests },
};

const runscShim: RuntimeProgram = {
  name: "containerd-shim-runsc-v1",
  // It tells none.
  version: /^(?!)()/,
  olderWorks: true,
  versions: runscShimVersions.versions,
  release: {
    name: "containerd-shim-runsc-v1",
    folder: gvisorFolder,
    file: "containerd-shim-runsc-v1",
    digests: runscShimVersions.digests,
  },
};

/** Kata is a hypervisor, a kernel and an image beside the program: where the machine has them, it is used, and nothing is fetched. */
const kataProgram: RuntimeProgram = {
  name: "containerd-shim-kata-v2",
  version: /(\d+\.\d+\.\d+)/,
  olderWorks: true,
  versions: () => undefined,
  release: { name: "containerd-shim-kata-v2", folder: "", file: "", digests: {} },
};

const needsUnified = (name: string) => (machine: { readonly cgroupVersion: 1 | 2 }) =>
  machine.cgroupVersion === 2
    ? undefined
    : {
        problem: `${name} does not work with the cgroups of version 1 that the machine has`,
        fix: "Boot its host with systemd.unified_cgroup_hierarchy=1, or use a virtual machine: localkube start -p NAME --driver qemu",
      };
const always = (): undefined => undefined;

/** All there are beside runc. */
export const ociRuntimes: readonly OciRuntime[] = [
  { name: "crun", runtimeClass: "crun", programs: [crunProgram], obstacle: needsUnified("crun") },
  { name: "youki", runtimeClass: "youki", programs: [youkiProgram], obstacle: always },
  {
    name: "runsc",
    runtimeClass: "gvisor",
    programs: [runscProgram, runscShim],
    shim: "io.containerd.runsc.v1",
    obstacle: always,
  },
  {
    name: "kata",
    runtimeClass: "kata",
    programs: [kataProgram],
    shim: "io.containerd.kata.v2",
    obstacle: ({ hasKvm }) =>
      hasKvm
        ? undefined
        : {
            problem: "kata starts virtual machines, and the machine has no /dev/kvm",
            fix: "Use a machine with nested virtualisation, or gVisor: --oci-runtime runsc",
          },
  },
];

/** Files that they may leave on a node, in the folders where provisioning puts programs. */
export const ociFiles: readonly string[] = ociRuntimes.flatMap(({ programs }) =>
  programs.flatMap(({ name, release }) =>
    release.file === "" ? [] : [release.unpack ? `/usr/local/bin/${name}` : `/usr/local/sbin/${name}`],
  ),
);

/** The OCI runtimes of these names; `runc` is always there and left out. Rejects an unknown one with OCI_RUNTIME_UNKNOWN. Pure. */
export function ociRuntimesByName(names: readonly string[]): readonly OciRuntime[] {
  const known = ["runc", ...ociRuntimes.map(({ name }) => name)];
  return [...new Set(names)].flatMap((name) => {
    if (name === "runc") return [];
    const found = ociRuntimes.find((one) => one.name === name);
    if (found) return [found];
    const hint = didYouMean(name, known);
    throw new LocalkubeError("OCI_RUNTIME_UNKNOWN", { value: name, hint, known: known.join(", ") });
  });
}

/** The runtime with the programs of these OCI runtimes. Rejects with OCI_RUNTIME_NOT_TAKEN where pods cannot choose. Pure. */
export function withOciRuntimes(runtime: Runtime, more: readonly OciRuntime[]): Runtime {
  const [first] = more;
  if (!first) return runtime;
  if (!runtime.takesHandlers)
    throw new LocalkubeError("OCI_RUNTIME_NOT_TAKEN", {
      name: first.name,
      runtime: runtime.name,
      default: "cri",
    });
  return { ...runtime, programs: [...runtime.programs, ...more.flatMap(({ programs }) => programs)] };
}

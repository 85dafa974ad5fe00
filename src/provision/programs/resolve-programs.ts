import type { ArtifactSet, ProgramFile } from "../../contract/artifact.ts";
import type { GuestProgram, Runtime, VersionRange } from "../../contract/runtime.ts";
import type { PushEntry } from "../../contract/transport.ts";
import type { FoundProgram, GuestFacts } from "../guest/guest-facts.ts";
import { guestPaths } from "../node/guest-paths.ts";
import { fileEntry, textEntry } from "../node/push-entries.ts";
import { compareReleases } from "../../host/versions.ts";
import { type GuestArchive, guestArchive } from "./guest-archive.ts";
import { etcd } from "./node-programs.ts";
import { type Lack, unsuitable } from "./unsuitable.ts";

/** What goes with one Kubernetes minor. */
export interface ProgramNeeds {
  readonly minor: number;
  /** Oldest etcd that is good enough; the catalogue knows it. */
  readonly etcd: string;
  readonly runtime: Pick<Runtime, "name" | "programs" | "foreign">;
}

/** Which etcd, runtime and plugins a node runs, and what has to be installed for that. */
export interface ResolvedPrograms {
  readonly etcd: FoundProgram;
  /** The program that serves the runtime's endpoint. */
  /** The runtime's, by name; the server is among them. */
  readonly runtime: ReadonlyMap<string, FoundProgram>;
  readonly cniBinDir: string;
  /** Where the guest's own plugins are, which must be found in `cniBinDir` too. */
  readonly linkCniFrom?: string;
  readonly archives: readonly GuestArchive[];
  /** Files that need no unpacking. */
  readonly files: readonly PushEntry[];
}

/** What a node needs of CNI plugins. */
export interface PluginNeeds {
  /** The pod network installs its own. */
  readonly foreignNetwork: boolean;
  readonly profile: string;
  /** False where pods have a network without ours. */
  readonly needsPlugins?: boolean;
  /** Where a runtime looks that is not told by us. */
  readonly pluginFolder?: string;
}

type ProgramFacts = Pick<GuestFacts, "os" | "programs" | "cniBinDir" | "hasIptables" | "hasConntrack">;

/**
 * What the guest has is used if it is good enough, the rest is pushed. Where the pod network installs its own plugins, it does so
 * by convention in /opt/cni/bin, so the runtime must look there. Throws GUEST_UNSUITABLE, which names everything that is missing and that the
 * artifacts do not contain. Pure.
 */
export function resolvePrograms(
  facts: ProgramFacts,
  artifacts: Pick<ArtifactSet, "programs" | "source">,
  needs: ProgramNeeds,
  { foreignNetwork, profile, needsPlugins = true, pluginFolder }: PluginNeeds,
): ResolvedPrograms {
  const archives: GuestArchive[] = [];
  const files: PushEntry[] = [];
  const lacks: Lack[] = [];
  /** The guest's own if it is good enough, else ours; else whatever there is. */
  const resolve = (
    { name, package: debian }: Pick<GuestProgram, "name"> & Partial<GuestProgram>,
    isGood: (version: string) => boolean,
    { olderWorks = false, isReleased = true } = {},
  ): FoundProgram => {
    const own = facts.programs[name];
    if (own && own.version !== "" && isGood(own.version)) return own;
    const release = artifacts.programs[name];
    if (!release) {
      if (!(own && olderWorks))
        lacks.push({ name, package: debian, version: own?.version ?? "", isReleased });
      return own ?? { path: "", version: "" };
    }
    if (!release.unpack) {
      files.push(...bareProgram(name, release));
      return { path: `${guestPaths.barePrograms}/${name}`, version: release.version };
    }
    archives.push(guestArchive(name, release));
    return { path: `${guestPaths.bin}/${name}`, version: release.version };
  };
  const etcdFound = resolve(etcd, (version) => isGoodEtcd(version, needs.etcd));
  const { runtime, minor } = needs;
  const ofRuntime = new Map(
    runtime.programs.map((program) => {
      const range = program.versions(minor);
      return [
        program.name,
        resolve(program, (v) => range !== undefined && isWithin(v, range), {
          olderWorks: program.olderWorks,
          isReleased: range?.install !== undefined,
        }),
      ];
    }),
  );
  const own = facts.cniBinDir;
  if (!own && needsPlugins)
    resolve({ name: "cni-plugins", package: "containernetworking-plugins" }, () => false);
  // Whoever has a CRI server has a program for it.
  if (artifacts.programs["crictl"] && !runtime.foreign) resolve({ name: "crictl" }, () => false);
  lacks.push(...missingTools(facts));
  if (lacks.length > 0) throw unsuitable(lacks, facts.os, artifacts.source, profile);
  const usual = own === "" || foreignNetwork ? guestPaths.cniBin : own;
  const cniBinDir = pluginFolder ?? usual;
  const from = own === "" ? guestPaths.cniBin : own;
  return {
    etcd: etcdFound,
    runtime: ofRuntime,
    cniBinDir,
    ...(from !== cniBinDir && needsPlugins ? { linkCniFrom: from } : {}),
    archives,
    files,
  };
}

/** Nothing installs these. */
const missingTools = ({ hasIptables, hasConntrack }: ProgramFacts): readonly Lack[] => [
  ...(hasIptables ? [] : [{ name: "iptables", package: "iptables", version: "" }]),
  ...(hasConntrack ? [] : [{ name: "conntrack", package: "conntrack", version: "" }]),
];

/** 3.5.0 to 3.5.2 lose data. */
const isGoodEtcd = (version: string, oldest: string): boolean =>
  compareReleases(version, oldest) >= 0 && !/^3\.5\.[012]$/.test(version);

const isWithin = (version: string, { floor, below }: VersionRange): boolean =>
  compareReleases(version, floor) >= 0 && (below === undefined || compareReleases(version, below) < 0);

/** A program that is released as such, with a note that tells guestFacts that it is ours. */
const bareProgram = (name: string, release: ProgramFile): readonly PushEntry[] => [
  fileEntry(`${guestPaths.barePrograms}/${name}`, release, 0o755),
  textEntry(`${guestPaths.programs}/${name}.unpacked`, `${release.sha256}\n`),
];

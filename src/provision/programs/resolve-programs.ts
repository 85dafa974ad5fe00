import type { ArtifactSet } from "../../contract/artifact.ts";
import type { PushEntry } from "../../contract/transport.ts";
import type { GuestFacts } from "../guest/guest-facts.ts";
import { guestPaths } from "../node/guest-paths.ts";
import { fileEntry, textEntry } from "../node/push-entries.ts";
import { compareReleases } from "../../host/versions.ts";
import { type GuestArchive, guestArchive } from "./guest-archive.ts";
import { type Lack, unsuitable } from "./unsuitable.ts";

/** Releases that go with one Kubernetes minor; the catalogue knows them. */
export interface ProgramNeeds {
  /** Oldest etcd that is good enough. */
  readonly etcd: string;
  /** `floor` <= version < `below`. */
  readonly containerd: { readonly floor: string; readonly below?: string | undefined };
  readonly runc: string;
}

/** Which etcd, runtime and plugins a node runs, and what has to be installed for that. */
export interface ResolvedPrograms {
  readonly etcd: { readonly path: string; readonly version: string };
  readonly containerd: { readonly path: string; readonly version: string };
  readonly cniBinDir: string;
  /** Where the guest's own plugins are, which must be found in `cniBinDir` too. */
  readonly linkCniFrom?: string;
  readonly archives: readonly GuestArchive[];
  /** Files that need no unpacking. */
  readonly files: readonly PushEntry[];
}

type ProgramFacts = Pick<
  GuestFacts,
  | "os"
  | "containerdVersion"
  | "containerdPath"
  | "runcVersion"
  | "etcdVersion"
  | "etcdPath"
  | "cniBinDir"
  | "hasIptables"
  | "hasConntrack"
>;

/**
 * What the guest has is used if it is good enough, the rest is pushed. `foreignNetwork`: the pod network installs its own plugins,
 * by convention in /opt/cni/bin, so the runtime must look there. Throws GUEST_UNSUITABLE, which names everything that is missing and that the
 * artifacts do not contain. Pure.
 */
export function resolvePrograms(
  facts: ProgramFacts,
  artifacts: Pick<ArtifactSet, "programs" | "source">,
  needs: ProgramNeeds,
  { foreignNetwork, profile }: { readonly foreignNetwork: boolean; readonly profile: string },
): ResolvedPrograms {
  const pushed: GuestArchive[] = [];
  const lacks: Lack[] = [];
  const bring = (name: Lack["name"], own: Own): Own => {
    const archive = artifacts.programs[name];
    if (!archive) {
      lacks.push({ name, version: own.version });
      return own;
    }
    pushed.push(guestArchive(name, archive));
    return { path: `${guestPaths.bin}/${name}`, version: archive.version };
  };
  const ownEtcd = { path: facts.etcdPath, version: facts.etcdVersion };
  const ownContainerd = { path: facts.containerdPath, version: facts.containerdVersion };
  const etcd = isGoodEtcd(ownEtcd, needs.etcd) ? ownEtcd : bring("etcd", ownEtcd);
  const containerd = isWithin(ownContainerd, needs.containerd)
    ? ownContainerd
    : bring("containerd", ownContainerd);
  const own = facts.cniBinDir;
  if (!own) bring("cni-plugins", { path: "", version: "" });
  if (artifacts.programs["crictl"]) bring("crictl", { path: "", version: "" });
  const runc = runcFiles(facts.runcVersion, artifacts, needs.runc);
  if (!runc) lacks.push({ name: "runc", version: facts.runcVersion });
  lacks.push(...missingTools(facts));
  if (lacks.length > 0) throw unsuitable(lacks, facts.os, artifacts.source, profile);
  const isElsewhere = own !== "" && own !== guestPaths.cniBin;
  return {
    etcd,
    containerd,
    cniBinDir: own === "" || foreignNetwork ? guestPaths.cniBin : own,
    ...(isElsewhere && foreignNetwork ? { linkCniFrom: own } : {}),
    archives: pushed,
    files: runc ?? [],
  };
}

/** Nothing installs these. */
const missingTools = ({ hasIptables, hasConntrack }: ProgramFacts): readonly Lack[] => [
  ...(hasIptables ? [] : [{ name: "iptables", version: "" } as const]),
  ...(hasConntrack ? [] : [{ name: "conntrack", version: "" } as const]),
];

/** 3.5.0 to 3.5.2 lose data. */
const isGoodEtcd = ({ version }: Own, oldest: string): boolean =>
  version !== "" && compareReleases(version, oldest) >= 0 && !/^3\.5\.[012]$/.test(version);

const isWithin = ({ version }: Own, { floor, below }: ProgramNeeds["containerd"]): boolean =>
  version !== "" &&
  compareReleases(version, floor) >= 0 &&
  (below === undefined || compareReleases(version, below) < 0);

/** A runc older than the one we would install is still good enough where we have none; `undefined` when there is none at all. */
function runcFiles(
  version: string,
  { programs }: Pick<ArtifactSet, "programs">,
  wanted: string,
): readonly PushEntry[] | undefined {
  const { runc } = programs;
  if (version !== "" && (!runc || compareReleases(version, wanted) >= 0)) return [];
  if (!runc) return undefined;
  return [
    fileEntry(guestPaths.runc, runc, 0o755),
    // Tells guestFacts that this runc is ours.
    textEntry(`${guestPaths.programs}/runc.unpacked`, `${runc.sha256}\n`),
  ];
}

interface Own {
  readonly path: string;
  readonly version: string;
}

import type { ArchiveName, ArtifactSet } from "../../contract/artifact.ts";
import { LocalkubeError } from "../../contract/errors/localkube-error.ts";
import type { PushEntry } from "../../contract/transport.ts";
import type { GuestFacts } from "../guest/guest-facts.ts";
import { guestPaths } from "../node/guest-paths.ts";
import { fileEntry, textEntry } from "../node/push-entries.ts";
import { compareReleases } from "./compare-releases.ts";
import { type GuestArchive, guestArchive } from "./guest-archive.ts";

/** Releases that go with one Kubernetes minor; the catalogue knows them. */
export interface ProgramNeeds {
  /** Oldest etcd that is good enough. */
  readonly etcd: string;
  /** `floor` <= version < `below`. */
  readonly containerd: { readonly floor: string; readonly below?: string | undefined };
  readonly runc: string;
}

/** Which etcd, runtime and plugins a node runs, and what has to be brought for that. */
export interface ResolvedPrograms {
  readonly etcd: { readonly path: string; readonly version: string };
  readonly containerd: { readonly path: string; readonly version: string };
  readonly cniBinDir: string;
  /** Where plugins of the guest are that shall be found in `cniBinDir` too. */
  readonly linkCniFrom?: string;
  readonly archives: readonly GuestArchive[];
  /** Files that need no unpacking. */
  readonly files: readonly PushEntry[];
}

type ProgramFacts = Pick<
  GuestFacts,
  "containerdVersion" | "containerdPath" | "runcVersion" | "etcdVersion" | "etcdPath" | "cniBinDir"
>;

/**
 * What the guest has and is good enough is used, the rest is pushed. `foreignNetwork`: the pod network brings plugins of its own, which
 * by custom go to /opt/cni/bin, so the runtime must look there. Rejects with GUEST_UNSUITABLE when something is missing and the
 * artifacts do not carry it. Pure.
 */
export function resolvePrograms(
  facts: ProgramFacts,
  artifacts: Pick<ArtifactSet, "archives" | "source">,
  needs: ProgramNeeds,
  { foreignNetwork }: { readonly foreignNetwork: boolean },
): ResolvedPrograms {
  const pushed: GuestArchive[] = [];
  const bring = (name: Exclude<ArchiveName, "runc">, own: Own): Own => {
    const archive = artifacts.archives[name];
    if (!archive) throw missing(name, own, artifacts.source);
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
  if (artifacts.archives.crictl) bring("crictl", { path: "", version: "" });
  const isElsewhere = own !== "" && own !== guestPaths.cniBin;
  return {
    etcd,
    containerd,
    cniBinDir: own === "" || foreignNetwork ? guestPaths.cniBin : own,
    ...(isElsewhere && foreignNetwork ? { linkCniFrom: own } : {}),
    archives: pushed,
    files: runcFiles(facts.runcVersion, artifacts, needs.runc),
  };
}

/** 3.5.0 to 3.5.2 lose data. */
const isGoodEtcd = ({ version }: Own, oldest: string): boolean =>
  version !== "" && compareReleases(version, oldest) >= 0 && !/^3\.5\.[012]$/.test(version);

const isWithin = ({ version }: Own, { floor, below }: ProgramNeeds["containerd"]): boolean =>
  version !== "" &&
  compareReleases(version, floor) >= 0 &&
  (below === undefined || compareReleases(version, below) < 0);

/** An older runc than we would bring is still good enough where we have none. */
function runcFiles(
  version: string,
  { archives, source }: Pick<ArtifactSet, "archives" | "source">,
  wanted: string,
): readonly PushEntry[] {
  if (version !== "" && (!archives.runc || compareReleases(version, wanted) >= 0)) return [];
  if (!archives.runc) throw missing("runc", { path: "", version }, source);
  return [
    fileEntry(guestPaths.runc, archives.runc, 0o755),
    // Tells guestFacts that this runc is ours.
    textEntry(`${guestPaths.programs}/runc.unpacked`, `${archives.runc.sha256}\n`),
  ];
}

interface Own {
  readonly path: string;
  readonly version: string;
}

function missing(name: string, { version }: Own, source: string): LocalkubeError {
  const has = version ? `its ${name} ${version} does not go with this Kubernetes` : `it has no ${name}`;
  return new LocalkubeError("GUEST_UNSUITABLE", {
    problem: `${has}, and the ${source} artifacts bring none`,
    fix: `Install a fitting ${name} in the machine, or use --artifacts upstream`,
  });
}

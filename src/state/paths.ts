import { join } from "node:path";
import { machineFolders } from "../contract/driver-state.ts";
import type { HostContext } from "../contract/host.ts";
import { profileName } from "../spec/parse/profile-name.ts";

/** Modes of everything below `stateDir`: it contains keys, so no other user may read it. */
export const privateDirectoryMode = 0o700;
export const privateFileMode = 0o600;

/** Every file and folder of localkube that does not belong to a single cluster. Reads and creates nothing. */
export function homePaths(host: Pick<HostContext, "stateDir" | "cacheDir">) {
  const { stateDir, cacheDir } = host;
  return {
    stateDir,
    /** One folder per profile. */
    clusters: join(stateDir, "clusters"),
    /** Locks are beside the clusters, not in them: a lock must outlive the folder that `delete` removes while holding it. */
    locks: join(stateDir, "locks"),
    /** Held by `delete --purge`, which works on the whole folder; no profile can have this name. */
    purge: lockPaths(join(stateDir, "locks"), ".purge"),
    /** Where the drivers of virtual machines have a folder for each machine. */
    machines: machineFolders.map((name) => join(stateDir, name)),
    /** What `config set` and `profile use` store. */
    settings: join(stateDir, "config.json"),
    cacheDir,
    /** Tree of host/path files, the same as in a mirror. */
    artifacts: join(cacheDir, "artifacts"),
    build: join(cacheDir, "build"),
    /** Machine images by content key. */
    images: join(cacheDir, "images"),
    /** On the same file system as the rest of the cache, so that results can be renamed into place. */
    temporary: join(cacheDir, "tmp"),
  } as const;
}

/** Every file and folder of one cluster. Throws PROFILE_NAME_INVALID, so that no name can lead out of the state folder. */
export function clusterPaths(host: Pick<HostContext, "stateDir" | "cacheDir">, name: string) {
  const home = homePaths(host);
  const folder = join(home.clusters, profileName(name));
  return {
    folder,
    /** The recorded cluster: see cluster-record.ts. */
    record: join(folder, "cluster.json"),
    /** What the pipeline did, one event per line. */
    journal: join(folder, "journal.jsonl"),
    /** Copies of the folders of addons that localkube does not bring, by name. */
    addons: join(folder, "addons"),
    pki: join(folder, "pki"),
    /** Our key for all machines of the cluster, and what else SSH needs for the first of them. */
    ssh: join(folder, "ssh"),
    identity: join(folder, "ssh", "id_ed25519"),
    /** One folder for each node but the first. */
    nodes: join(folder, "nodes"),
    /** Our own kubeconfig with administrator rights; the user's is merged from it. */
    kubeconfig: join(folder, "kubeconfig"),
    logs: join(folder, "logs"),
    /** Detailed log of the last start. */
    startLog: join(folder, "logs", "start.log"),
    ...lockPaths(home.locks, name),
  } as const;
}

/** The files of one node of a cluster: those of the first, which has the profile's name, are where they were when it was the only one. */
export function nodePaths(host: Pick<HostContext, "stateDir" | "cacheDir">, profile: string, node: string) {
  const { ssh, identity, nodes } = clusterPaths(host, profile);
  const folder = node === profile ? ssh : join(nodes, node);
  return {
    /** The cluster's. */
    identity,
    hostKey: join(folder, "host_ed25519"),
    knownHosts: join(folder, "known_hosts"),
    /** Socket of the OpenSSH client that holds the tunnel to the API. */
    tunnel: join(folder, "tunnel.sock"),
    /** In PATH while this host's docker client works with the node. */
    clientPrograms: join(folder, "bin"),
  } as const;
}

export type NodePaths = ReturnType<typeof nodePaths>;

/** The files of one lock. */
const lockPaths = (locks: string, name: string) =>
  ({
    /** Folder that exists while the writer's lock is held. */
    lock: join(locks, `${name}.lock`),
    /** The holder of the lock. */
    lockHolder: join(locks, `${name}.json`),
    /** Held for a moment while a dead process's lock is removed. */
    lockTakeover: join(locks, `${name}.takeover`),
  }) as const;

export type LockPaths = ReturnType<typeof lockPaths>;

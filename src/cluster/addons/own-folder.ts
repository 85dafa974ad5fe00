import { constants } from "node:fs";
import { mkdir, open, readdir, realpath, rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { builtInAddonNames } from "../../addons/addon-names.ts";
import { type AddonFolder, readAddonFile, readAddonFolder } from "../../addons/catalogue.ts";
import { type Addon, probeOf } from "../../addons/definition.ts";
import { objectsIn } from "../../addons/render.ts";
import { LocalkubeError, messageOf } from "../../contract/errors/localkube-error.ts";
import type { KubeObject } from "../../kube/api-client.ts";
import { privateDirectoryMode, privateFileMode } from "../../state/paths.ts";
import { partWords } from "./node-parts.ts";

const mostBytes = 4 * 1024 * 1024;
const mostFiles = 500;

/** Where the folders of a cluster's own addons are. */
interface OwnPaths {
  /** The cluster's. */
  readonly folder: string;
  readonly addons: string;
}

/** A copy of a user's folder that is not the cluster's yet. */
export interface StagedAddon {
  readonly found: AddonFolder;
  /** What its pods may do on a node, as sentences. */
  readonly notices: readonly string[];
  /** Makes the copy one of the cluster's addons, in place of an earlier one of its name, which `discard` forgets. */
  keep(): Promise<void>;
  /** After `keep`: the cluster has again what it had. */
  restore(): Promise<void>;
  /** Idempotent; nothing is left of a copy that was not kept. */
  discard(): Promise<void>;
}

/**
 * A checked copy of an addon's folder: regular files alone, without those whose name begins with a dot, at most 500 with 4 MiB together. The caller holds the profile's lock. Rejects with
 * ADDON_INVALID, also for links and for objects that cannot be read, with ADDON_NAME_TAKEN, and without `trust` with ADDON_UNTRUSTED for one that changes the nodes.
 */
export async function stageAddon(from: string, trust: boolean, paths: OwnPaths): Promise<StagedAddon> {
  const source = await realpath(from).catch((cause: unknown) => {
    const problem = messageOf(cause);
    throw new LocalkubeError("ADDON_INVALID", { folder: from, file: "addon.yaml", problem }, { cause });
  });
  const name = basename(source);
  if (builtInAddonNames().includes(name))
    throw new LocalkubeError("ADDON_NAME_TAKEN", { name, folder: from });
  const staging = join(paths.folder, ".addon-from");
  const copy = join(staging, name);
  const discard = () => rm(staging, { recursive: true, force: true });
  await discard();
  try {
    await copyFolder(source, copy, from);
    const found = await readAddonFolder(copy).catch((error: unknown) => {
      throw withPath(error, from);
    });
    const trusted = trust ? undefined : nodePartsOf(found.addon);
    if (trusted !== undefined)
      throw new LocalkubeError("ADDON_UNTRUSTED", { addon: name, folder: from, parts: trusted });
    const objects = await allObjects(found).catch((error: unknown) => {
      throw withPath(error, from);
    });
    const settled = join(paths.addons, name);
    const former = join(staging, ".former");
    const keep = async (): Promise<void> => {
      await mkdir(paths.addons, { recursive: true, mode: privateDirectoryMode });
      // Renamed, so that a call that is killed leaves a whole one or none.
      await rename(settled, former).catch(ignoreMissing);
      await rename(copy, settled);
    };
    const restore = async (): Promise<void> => {
      await rm(settled, { recursive: true, force: true });
      await rename(former, settled).catch(ignoreMissing);
    };
    return { found, notices: objects.flatMap((object) => rightsOf(name, object)), keep, restore, discard };
  } catch (error) {
    await discard();
    throw error;
  }
}

/** Removes the cluster's copy of a user's folder, if it has one of that name. Idempotent. */
export async function forgetOwnFolder({ addons }: Pick<OwnPaths, "addons">, name: string): Promise<void> {
  if (builtInAddonNames(addons).includes(name))
    await rm(join(addons, name), { recursive: true, force: true });
}

/** Runs `work`, which removes the cluster's folder, and puts the copies of users' folders back. */
export async function keepingOwnFolders(paths: OwnPaths, work: () => Promise<unknown>): Promise<void> {
  const aside = join(dirname(paths.folder), `.${basename(paths.folder)}.addons`);
  if (builtInAddonNames(paths.addons).length > 0) {
    await rm(aside, { recursive: true, force: true });
    await rename(paths.addons, aside);
  }
  await work();
  // Also those that a killed call left there.
  if (builtInAddonNames(aside).length === 0) return;
  await mkdir(paths.folder, { recursive: true, mode: privateDirectoryMode });
  await rename(aside, paths.addons);
}

async function copyFolder(source: string, target: string, shown: string): Promise<void> {
  let bytes = 0;
  let files = 0;
  const invalid = (path: string, problem: string): LocalkubeError =>
    new LocalkubeError("ADDON_INVALID", { folder: shown, file: relative(source, path) || ".", problem });
  const copy = async (from: string, to: string): Promise<void> => {
    await mkdir(to, { recursive: true, mode: privateDirectoryMode });
    const entries = await readdir(from, { withFileTypes: true }).catch((cause: unknown) => {
      throw invalid(from, messageOf(cause));
    });
    for (const entry of entries) {
      const path = join(from, entry.name);
      if (entry.name.startsWith(".")) continue;
      if (entry.isDirectory()) await copy(path, join(to, entry.name));
      else if (entry.isFile()) {
        const content = await contentOf(path, mostBytes - bytes);
        files += 1;
        if (!content || files > mostFiles)
          throw invalid(path, `an addon has at most ${mostFiles} files with 4 MiB together`);
        bytes += content.length;
        await writeFile(join(to, entry.name), content, { mode: privateFileMode });
      } else throw invalid(path, "it is neither a file nor a folder; links are not followed");
    }
  };
  await copy(source, target);
}

/** Undefined for more than `most` bytes. */
async function contentOf(path: string, most: number): Promise<Buffer | undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return (await handle.stat()).size > most ? undefined : await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** An error about the copy names the folder that the user knows. */
function withPath(error: unknown, folder: string): unknown {
  if (!(error instanceof LocalkubeError) || error.id !== "ADDON_INVALID") return error;
  return new LocalkubeError("ADDON_INVALID", { ...error.params, folder });
}

/** What of the nodes it changes, as words; undefined for nothing. */
function nodePartsOf({ versions }: Addon): string | undefined {
  const parts = versions.flatMap(({ node }) => partWords(node));
  return parts.length === 0 ? undefined : [...new Set(parts)].join(", ");
}

/** Of all rows, as they stand in the files. */
async function allObjects({ addon, folder }: AddonFolder): Promise<readonly KubeObject[]> {
  const files = addon.versions.flatMap((row) => {
    const probe = probeOf(addon, row);
    return [...row.objects, ...(probe.type === "objects" ? [probe.objects] : [])];
  });
  const texts = await Promise.all(
    [...new Set(files)].map(async (file) => ({ file, text: await readAddonFile(folder, file) })),
  );
  return texts.flatMap(({ file, text }) => objectsIn(text, { folder, file }));
}

interface PodSpec {
  readonly containers?: readonly { readonly securityContext?: { readonly privileged?: unknown } }[];
  readonly initContainers?: PodSpec["containers"];
  readonly volumes?: readonly { readonly hostPath?: { readonly path?: unknown } }[];
  readonly [field: string]: unknown;
}

function rightsOf(addon: string, { kind, metadata, spec }: KubeObject): readonly string[] {
  const { template, jobTemplate } = (spec ?? {}) as {
    readonly template?: { readonly spec?: PodSpec };
    readonly jobTemplate?: { readonly spec?: { readonly template?: { readonly spec?: PodSpec } } };
  };
  const pod =
    template?.spec ?? jobTemplate?.spec?.template?.spec ?? (kind === "Pod" ? (spec as PodSpec) : {});
  const containers = [...(pod.containers ?? []), ...(pod.initContainers ?? [])];
  const rights = [
    ...(containers.some(({ securityContext }) => securityContext?.privileged === true) ? ["privileged"] : []),
    ...["hostNetwork", "hostPID", "hostIPC"].filter((field) => pod[field] === true),
    ...(pod.volumes ?? []).flatMap(({ hostPath }) =>
      hostPath ? [`the node's ${String(hostPath.path)}`] : [],
    ),
  ];
  if (rights.length === 0) return [];
  return [
    `the addon ${addon} has pods with rights on the node: ${kind} ${metadata.name} (${rights.join(", ")})`,
  ];
}

function ignoreMissing(problem: unknown): void {
  if ((problem as NodeJS.ErrnoException).code !== "ENOENT") throw problem;
}

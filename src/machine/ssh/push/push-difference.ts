import { LocalkubeError } from "../../../contract/errors/localkube-error.ts";
import { foldersAbove, type GuestFile, type GuestFiles } from "./guest-files.ts";
import type { DesiredFile } from "./push-manifest.ts";

export interface PushDifference {
  /** Content is missing or different. */
  readonly send: readonly DesiredFile[];
  /** Only mode or owner differs. */
  readonly attributes: readonly DesiredFile[];
  /** Size is right but the content must be read in the guest, because nothing trustworthy is remembered. */
  readonly unknown: readonly DesiredFile[];
  /** Folders that are reached through a symlink. */
  readonly linkedFolders: readonly string[];
}

/**
 * Compares the manifest with what the guest reported. `hashed` holds digests just read in the guest, by path; with it nothing stays
 * `unknown`. Rejects with SSH_PUSH_REFUSED when a path leads over a symlink that is not root's, or is a folder.
 */
export function pushDifference(
  desired: readonly DesiredFile[],
  guest: GuestFiles,
  hashed?: ReadonlyMap<string, string>,
): PushDifference {
  const send: DesiredFile[] = [];
  const attributes: DesiredFile[] = [];
  const unknown: DesiredFile[] = [];
  const linkedFolders = new Set<string>();
  for (const file of desired) {
    if (checkFolders(file, guest)) linkedFolders.add(file.dir);
    const there = guest.files.get(file.path);
    if (there?.type === "directory") throw refused(file, "there is a folder of that name");
    if (there?.type !== "file" || there.size !== file.size) {
      send.push(file);
      continue;
    }
    const sha256 = rememberedDigest(file, there, guest) ?? (hashed ? hashed.get(file.path) : "unknown");
    if (sha256 === "unknown") unknown.push(file);
    else if (sha256 !== file.sha256) send.push(file);
    else if (!sameAttributes(file, there)) attributes.push(file);
  }
  return { send, attributes, unknown, linkedFolders: [...linkedFolders] };
}

function rememberedDigest(file: DesiredFile, there: GuestFile, guest: GuestFiles): string | undefined {
  const memo = guest.remembered.get(file.path);
  return memo?.identity === there.identity ? memo.sha256 : undefined;
}

/** True when a symlink is on the way. Root's own ones are the distribution's (/lib, /usr/local on immutable systems) and are followed. */
function checkFolders(file: DesiredFile, guest: GuestFiles): boolean {
  let linked = false;
  for (const folder of foldersAbove(file.path)) {
    const there = guest.files.get(folder);
    if (!there || there.type === "directory") continue;
    if (there.type !== "symlink") throw refused(file, `${folder} is not a folder`);
    if (there.uid !== "0") throw refused(file, `${folder} is a symlink that is not root's`);
    linked = true;
  }
  return linked;
}

const sameAttributes = (file: DesiredFile, there: GuestFile): boolean =>
  file.mode === there.mode &&
  (file.user === there.user || file.user === there.uid) &&
  (file.group === there.group || file.group === there.gid);

const refused = (file: DesiredFile, problem: string): LocalkubeError =>
  new LocalkubeError("SSH_PUSH_REFUSED", { path: file.path, problem });

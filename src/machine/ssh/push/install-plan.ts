import type { PushOptions } from "../../../contract/transport.ts";
import type { GuestFiles } from "./guest-files.ts";
import type { PushDifference } from "./push-difference.ts";
import type { DesiredFile } from "./push-manifest.ts";

export interface InstallPlan {
  /** What `installScript` reads before the tar stream. */
  readonly text: string;
  /** Everything that is installed, by its number in the script. */
  readonly sent: readonly DesiredFile[];
  /** Members of the tar stream in their order, `name` as in the archive. */
  readonly members: readonly { readonly name: string; readonly file: DesiredFile }[];
}

/** From this size on a file is verified alone while the next one arrives; smaller ones together, as a process each would cost more. */
const largeBytes = 1 << 20;

/**
 * Lays out one push. `realFolders` says where folders reached over a symlink really are. `known` are files whose digest was just
 * read in the guest and that only need to be remembered. What the guest's `volume` has is not in the stream.
 */
export function installPlan(
  difference: Pick<PushDifference, "send" | "attributes">,
  known: readonly DesiredFile[],
  guest: GuestFiles,
  realFolders: ReadonlyMap<string, string>,
  volume?: PushOptions["volume"],
): InstallPlan {
  const bySize = [...difference.send].sort((a, b) => b.size - a.size);
  const isThere = (file: DesiredFile): boolean => volume?.digests.has(file.sha256) ?? false;
  const there = bySize.filter(isThere);
  const streamed = bySize.filter((file) => !isThere(file));
  const send = [...there, ...streamed];
  const touched = [...send, ...difference.attributes];
  const folders = [...new Set(touched.map((file) => file.dir))];
  const home = new Map(folders.map((folder, index) => [folder, index]));
  const block = (files: readonly DesiredFile[]) => [
    files.length,
    ...files.flatMap((file) => [
      home.get(file.dir)!,
      file.sha256,
      file.mode.toString(8).padStart(4, "0"),
      `${file.user}:${file.group}`,
      file.name,
    ]),
  ];
  const lines = [
    folders.length,
    ...folders.flatMap((folder) => [realFolders.get(folder) ?? folder, folder]),
    ...block(send),
    there.length,
    volume?.folder ?? "",
    streamed.filter((file) => file.size >= largeBytes).length,
    ...block(difference.attributes),
    known.length,
    ...known.map((file) => `${file.sha256} ${guest.files.get(file.path)!.identity} ${file.path}`),
  ];
  return {
    text: lines.map((line) => `${line}\n`).join(""),
    sent: send,
    members: streamed.map((file, index) => ({
      name: `${home.get(file.dir)!}/${there.length + index}`,
      file,
    })),
  };
}
